"""What a calibration reports."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.engine.bank import LOGISTIC_SCALE
from lib.engine.calibration.drift import Drift
from lib.engine.calibration.estimation import USABLE
from lib.engine.calibration.parameters import ItemParameters
from lib.engine.calibration.state import Estimate
from lib.engine.normal import FloatArray, normal_cdf

_X, _W = np.polynomial.hermite_e.hermegauss(15)
_W = _W / _W.sum()


@dataclass(frozen=True, eq=False)
class ItemErrors:
    """Standard errors, each of shape (n,); an item without answers has its prior's spread.

    Attributes:
        difficulty: Percentile.
        discrimination: Probits per standard deviation.
        guessing: Chance; 0 where it was not estimated.
        location: Of b = Φ⁻¹(difficulty).
        log_slope: Of log discrimination.
    """

    difficulty: FloatArray
    discrimination: FloatArray
    guessing: FloatArray
    location: FloatArray
    log_slope: FloatArray


@dataclass(frozen=True, eq=False)
class Calibration:
    """Estimated parameters, how sure they are, and what they say about the current ones.

    Attributes:
        parameters: On the authors' scale; `parameters.bank()` has slopes and intercepts.
        errors: Standard errors.
        answers: Number of answers, shape (n,).
        people: Number of people.
        correlation: Of abilities in the population, shape (k, k).
        drift: Comparison with the current parameters.
        log_likelihood: Of all answers, nats.
        rounds: Rounds taken.
        furthest_move: In the last one: of an item in standard errors, of a correlation as it is.
        converged: Whether they were enough.
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
        """Whether it has settled, or nearly: see `USABLE`."""
        return self.furthest_move < USABLE


def standard_errors(
    estimate: Estimate, concepts: ItemParameters, answers: NDArray[np.intp]
) -> ItemErrors:
    """Add what is not known about the scale itself, and carry errors to the authors' scale.

    The people are a sample: their mean and spread are known to about 1/√people, and an error there
    moves all answered items together.
    """
    own = np.diagonal(estimate.covariance, axis1=1, axis2=2)
    loads = concepts.directions**2 * (answers > 0)[:, None]
    shift, stretch = loads @ estimate.scale_variance[0], loads @ estimate.scale_variance[1]
    log_slope = np.sqrt(own[:, 0] + stretch)
    location = np.sqrt(own[:, 1] + shift + estimate.location**2 * stretch)
    return ItemErrors(
        _spread(normal_cdf, estimate.location, location),
        _spread(lambda x: np.exp(x) / LOGISTIC_SCALE, estimate.log_slope, log_slope),
        np.sqrt(own[:, 2]),
        location,
        log_slope,
    )


def _spread(
    function: Callable[[FloatArray], FloatArray], mean: FloatArray, error: FloatArray
) -> FloatArray:
    """Return the standard deviation of a function of normal variables, shape (n,)."""
    values = function(mean[:, None] + error[:, None] * _X)
    return np.asarray(np.sqrt(np.maximum(values**2 @ _W - (values @ _W) ** 2, 0.0)))
