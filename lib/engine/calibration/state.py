"""What a fit knows between two rounds."""

from dataclasses import dataclass

import numpy as np

from lib.engine.calibration.people import Sites
from lib.engine.calibration.propagation import Curves
from lib.engine.normal import FloatArray


@dataclass(frozen=True, eq=False)
class Estimate:
    """The state of a fit.

    Attributes:
        log_slope: log a, shape (n,).
        location: b, shape (n,).
        guessing: c, shape (n,).
        correlation: Of abilities, shape (k, k).
        sites: Of each strand of answers.
        covariance: Of the errors of (log a, b, c), given the abilities' scale, (n, 3, 3).
        scale_variance: Of the population's estimated mean and log spread, (2, k).
        step: What the last round's items asked for, (log a, b, c), shape (n, 3).
        pace: How much of it they moved, shape (n,).
        log_likelihood: Of all answers at the start of the last round, nats.
        rounds: Rounds taken.
        furthest_move: Of the last round: of an item in standard errors, of a correlation as it is.
        converged: Whether that was less than `TOLERANCE`.
    """

    log_slope: FloatArray
    location: FloatArray
    guessing: FloatArray
    correlation: FloatArray
    sites: Sites
    covariance: FloatArray
    scale_variance: FloatArray
    step: FloatArray
    pace: FloatArray
    log_likelihood: float = 0.0
    rounds: int = 0
    furthest_move: float = np.inf
    converged: bool = False

    @property
    def curves(self) -> Curves:
        """The items' curves."""
        return Curves(np.exp(self.log_slope), self.location, self.guessing)
