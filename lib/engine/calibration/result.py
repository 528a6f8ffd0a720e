"""Result of a calibration, with standard errors on the authors' scale."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..normal import LOGISTIC_SCALE, FloatArray, normal_cdf
from .drift import Drift
from .estimation import USABLE
from .parameters import ItemParameters
from .state import Estimate

_X, _W = np.polynomial.hermite_e.hermegauss(15)
_W = _W / _W.sum()


@dataclass(frozen=True, eq=False)
class ItemErrors:
    """Standard errors of the item parameters, each of shape (n,).

    An item without answers has the standard deviations of its priors.

    Attributes:
        difficulty: Error of the percentile.
        discrimination: Error of the discrimination, probits per standard deviation.
        guessing: Error of c; 0 if c was not estimated.
        location: Error of b = Φ⁻¹(difficulty).
        log_slope: Error of log discrimination.
    """

    difficulty: FloatArray
    discrimination: FloatArray
    guessing: FloatArray
    location: FloatArray
    log_slope: FloatArray


@dataclass(frozen=True, eq=False)
class Calibration:
    """Estimated parameters with their errors, and a comparison with the current ones.

    Attributes:
        parameters: Estimates on the authors' scale; `parameters.bank()` has slopes and intercepts.
        errors: Standard errors of the estimates.
        answers: Number of answers to each item, shape (n,).
        people: Number of people with an answer.
        correlation: Correlations of abilities in the population, shape (k, k).
        drift: Comparison with the current parameters.
        log_likelihood: Marginal log-likelihood of all answers, nats.
        rounds: Number of rounds.
        furthest_move: Largest change in the last round of an item parameter, in standard errors, or
            of a correlation.
        converged: Whether `furthest_move` is below the tolerance.
    """

    parameters: ItemParameters
    errors: ItemErrors
    answers: NDArray[np.intp]
    people: int
    correlation: FloatArray
    drift: Drift
    log_likelihood: float
    rounds: int
    furthest_move: float
    converged: bool

    @property
    def usable(self) -> bool:
        """Whether the fit has nearly converged; see `USABLE`."""
        return self.furthest_move < USABLE


def standard_errors(
    estimate: Estimate, items: ItemParameters, answers: NDArray[np.intp]
) -> ItemErrors:
    """Return the standard errors, with the uncertainty of the scale included.

    The people are a sample, whose mean and spread are known to about 1/√people. Errors of this mean
    and spread shift all answered items together.

    Args:
        estimate: State of the fit.
        items: Any parameters of the same items; only their directions are used.
        answers: Number of answers to each item, shape (n,).
    """
    item_variance = np.diagonal(estimate.covariance, axis1=1, axis2=2)
    squared_loadings = items.directions**2 * (answers > 0)[:, None]
    shift_variance, stretch_variance = (
        squared_loadings @ estimate.scale_variance[0],
        squared_loadings @ estimate.scale_variance[1],
    )
    log_slope_error = np.sqrt(item_variance[:, 0] + stretch_variance)
    location_error = np.sqrt(
        item_variance[:, 1] + shift_variance + estimate.location**2 * stretch_variance
    )
    return ItemErrors(
        difficulty=_spread(normal_cdf, estimate.location, location_error),
        discrimination=_spread(
            lambda x: np.exp(x) / LOGISTIC_SCALE, estimate.log_slope, log_slope_error
        ),
        guessing=np.sqrt(item_variance[:, 2]),
        location=location_error,
        log_slope=log_slope_error,
    )


def _spread(
    function: Callable[[FloatArray], FloatArray], mean: FloatArray, error: FloatArray
) -> FloatArray:
    """Return the standard deviations of a function of normal variables, shape (n,)."""
    values = function(mean[:, None] + error[:, None] * _X)
    return np.asarray(np.sqrt(np.maximum(values**2 @ _W - (values @ _W) ** 2, 0.0)))
