"""State of a fit between two rounds."""

from dataclasses import dataclass

import numpy as np

from ..normal import FloatArray
from .person_posteriors import Sites
from .propagation import Curves


@dataclass(frozen=True, eq=False)
class Estimate:
    """Estimates and working values of a fit.

    Attributes:
        log_slope: Log slopes log a, shape (n,).
        location: Locations b, shape (n,).
        guessing: Guessing c, shape (n,).
        correlation: Correlations of abilities, shape (k, k).
        sites: Sites of all strands.
        covariance: Covariance of the errors of (log a, b, c) given the scale, shape (n, 3, 3).
        scale_variance: Variance of the population's estimated mean and log spread, shape (2, k).
        step: Full scoring steps of (log a, b, c) in the last round, shape (n, 3).
        step_factor: Fraction of its step that each item took, shape (n,).
        log_likelihood: Log-likelihood of all answers at the start of the last round, nats.
        rounds: Number of rounds so far.
        furthest_move: Largest change in the last round of an item parameter, in standard errors, or
            of a correlation.
        converged: Whether `furthest_move` is below `TOLERANCE`.
    """

    log_slope: FloatArray
    location: FloatArray
    guessing: FloatArray
    correlation: FloatArray
    sites: Sites
    covariance: FloatArray
    scale_variance: FloatArray
    step: FloatArray
    step_factor: FloatArray
    log_likelihood: float = 0.0
    rounds: int = 0
    furthest_move: float = np.inf
    converged: bool = False

    @property
    def curves(self) -> Curves:
        """Response curves of the items."""
        return Curves(np.exp(self.log_slope), self.location, self.guessing)
