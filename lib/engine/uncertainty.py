"""Uncertain item parameters: the likelihood of an answer to an item that is not known exactly.

Given θ, the errors of different items are independent, and an examinee answers an item once. The
exact posterior is therefore the prior times each answer's probability averaged over its item's
error. That average is nearly another logistic curve of the same item, with a smaller slope; the
engine computes with that curve, and nothing else in it depends on the error.
"""

import numpy as np
from numpy.typing import ArrayLike

from .normal import FloatArray

_EIGHT_OVER_PI = 8.0 / np.pi  # logits²; a logistic curve is nearly Φ(x / √(8/π)) (MacKay, 1992)
_ABILITY_VARIANCE = 0.25  # typical posterior variance of an ability in the middle of a test
_LEAST_SHARE = 0.01  # smallest share of the values' variance that `regressed` ascribes to the truth


def attenuated(
    slope: ArrayLike, location_error: ArrayLike, log_slope_error: ArrayLike
) -> FloatArray:
    """Return the slopes of the logistic curves that approximate the average curves of the items.

    Let b ~ N(b₀, s²), log a ~ N(log a₀, r²) and t - b₀ ~ N(0, 0.5²): a test asks items near the
    ability, which is known to about 0.5 deviations in the middle of a test. With
    E[dL/dx] ≈ ¼ / √(1 + πv/8) for the logistic curve L and x ~ N(0, v), E[(t - b₀) P] is
    proportional to

        g = E[a / √(8/π + a² (s² + 0.5²))].

    The logistic curve without error that has the same g has the slope √(8/π) g / √(1 - 0.5² g²).
    The expectation over log a is computed to second order: it is the term at a₀ times
    1 + ½ r² (1 - u)(1 - 3u), with u = a₀² (s² + 0.5²) / (8/π + a₀² (s² + 0.5²)). For r = 0 the
    slope is a₀ / √(1 + π a₀² s² / 8).

    Args:
        slope: Slopes a₀, logits, above 0, shape (n,).
        location_error: Standard deviations s of the true b around the stated one, shape (n,).
        log_slope_error: Standard deviations r of the true log a around the stated one, shape (n,).

    Returns:
        Shape (n,); a slope whose item has no error is returned as it is, bit for bit.

    Source: MacKay (1992), Neural Computation 4, for the expectation of dL/dx.
    """
    a, s, r = (np.asarray(values, float) for values in (slope, location_error, log_slope_error))
    spread = np.square(a) * (np.square(s) + _ABILITY_VARIANCE)
    share = spread / (_EIGHT_OVER_PI + spread)
    g = a / np.sqrt(_EIGHT_OVER_PI + spread)
    g = g * (1.0 + 0.5 * np.square(r) * (1.0 - share) * (1.0 - 3.0 * share))
    uncertain = np.sqrt(_EIGHT_OVER_PI / (1.0 - _ABILITY_VARIANCE * np.square(g))) * g
    return np.where((s > 0) | (r > 0), uncertain, a)


def regressed(values: ArrayLike, error: float) -> tuple[FloatArray, float]:
    """Return the expected true values behind values with errors, and their standard deviation.

    This is for estimates without a prior, whose greatest values are too great on average. The true
    values are assumed to be normal over the items; their variance is that of `values` minus that
    of the errors, but at least 1 % of that of `values`. Each value moves towards the mean by
    the errors' share of the variance (Kelley, 1927). Values that calibration has shrunk already
    must not be regressed again.

    Args:
        values: Locations b or log slopes of all items, shape (n,), not all alike.
        error: Standard deviation of each value around its truth, 0 or more.

    Returns:
        The expected true values, shape (n,), and the standard deviation of the true values around
        them.

    Raises:
        ValueError: If all values are alike, since the spread of the true ones is then unknown.
    """
    stated = np.asarray(values, float)
    total = float(np.var(stated))
    if not total > 0:
        raise ValueError("values must differ from each other")
    truth_share = max(1.0 - error**2 / total, _LEAST_SHARE)
    mean = stated.mean()
    return mean + truth_share * (stated - mean), error * float(np.sqrt(truth_share))
