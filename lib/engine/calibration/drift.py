"""Drift: items whose answers no longer agree with their current parameters.

If the population changes, all items seem to change alike. This common part is a *link* between two
scales, so it is estimated robustly and removed first. The remaining change of each item is tested
against its error, and the flags control the false discovery rate.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..normal import FloatArray, normal_cdf
from .parameters import ItemParameters

FALSE_DISCOVERY_RATE = 0.05
"""Upper bound on the expected share of items without drift among the flagged ones."""

HUBER = 1.345
"""Residual, relative to its scale, above which an item's influence on the link stops growing.

The value gives 95 % efficiency for normal residuals (Huber, 1981).
"""

_LINK_ROUNDS = 30
_LINK_SD = 1.0  # prior deviation of shift and log stretch; matters if a concept has few items
_GRID = np.linspace(-4.0, 4.0, 41)


@dataclass(frozen=True, eq=False)
class Drift:
    """Comparison of new estimates with the current parameters.

    Attributes:
        drifted: Whether the item changed by more than chance, shape (n,).
        p_value: P-value of the hypothesis that only the link has changed, shape (n,); 1 for items
            without answers.
        curve_change: Change of P(correct) that remains without the link, as root mean square over
            the population, shape (n,); 0 for items without answers.
        shift: Mean of the people on the current scale in each concept, shape (k,).
        stretch: Standard deviation of the people on the current scale in each concept, shape (k,).
    """

    drifted: NDArray[np.bool_]
    p_value: FloatArray
    curve_change: FloatArray
    shift: FloatArray
    stretch: FloatArray


def find_drift(
    new: ItemParameters,
    current: ItemParameters,
    covariance: FloatArray,
    answered: NDArray[np.bool_],
    *,
    guessing_is_free: bool,
) -> Drift:
    """Compare two sets of parameters of the same items.

    Args:
        new: Estimated parameters.
        current: Parameters in use.
        covariance: Covariance of the errors of (log a, b, c), shape (n, 3, 3).
        answered: Mask of the items with answers, shape (n,); only these can drift.
        guessing_is_free: Whether c was estimated and takes part in the test.
    """
    u, squared_loadings = new.directions, new.directions**2
    error = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    change = new.log_slope - current.log_slope
    log_stretch = _huber_regression(
        squared_loadings[answered], change[answered], error[answered, 0]
    )
    factor = np.exp(squared_loadings @ log_stretch)
    offset = current.location - new.location * factor
    shift = _huber_regression(u[answered], offset[answered], (error[:, 1] * factor)[answered])
    linked = ItemParameters.of_latent(
        current.concepts,
        current.log_slope + squared_loadings @ log_stretch,
        (current.location - u @ shift) / factor,
        current.guessing,
    )
    p_value = _p_value(_difference(new, linked), covariance, guessing_is_free=guessing_is_free)
    p_value = np.where(answered, p_value, 1.0)
    return Drift(
        drifted=_benjamini_hochberg(p_value, int(answered.sum())),
        p_value=p_value,
        curve_change=_curve_change(new, linked) * answered,
        shift=shift,
        stretch=np.exp(log_stretch),
    )


def _huber_regression(design: FloatArray, values: FloatArray, error: FloatArray) -> FloatArray:
    """Return the coefficients of Huber's regression of `values` on `design`, shape (k,).

    Computed by iterative reweighting. The scale of the residuals is the larger of their errors and
    their own spread, since the authors' first guesses are far off for most items.
    """
    k = design.shape[1]
    solution = np.zeros(k)
    for _ in range(_LINK_ROUNDS):
        residual = np.abs(values - design @ solution) / error
        spread = max(1.0, float(np.median(residual)) / 0.6745) if len(residual) else 1.0
        weight = np.minimum(1.0, HUBER * spread / np.maximum(residual, 1e-12))
        weight = weight / (spread * error) ** 2
        normal_matrix = (design * weight[:, None]).T @ design + np.eye(k) / _LINK_SD**2
        solution = np.asarray(np.linalg.solve(normal_matrix, design.T @ (weight * values)), float)
    return solution


def _difference(new: ItemParameters, old: ItemParameters) -> FloatArray:
    return np.stack(
        [
            new.log_slope - old.log_slope,
            new.location - old.location,
            new.guessing - old.guessing,
        ],
        axis=1,
    )


def _p_value(
    difference: FloatArray, covariance: FloatArray, *, guessing_is_free: bool
) -> FloatArray:
    """Return the upper tail probability of χ² at Δᵀ C⁻¹ Δ, with three or two degrees of freedom."""
    if not guessing_is_free:
        difference, covariance = difference[:, :2], covariance[:, :2, :2]
    solved = np.linalg.solve(covariance, difference[:, :, None])[:, :, 0]
    squared = np.maximum((difference * solved).sum(axis=1), 0.0)
    tail: FloatArray = np.exp(-0.5 * squared)
    if guessing_is_free:
        return np.asarray(2 * normal_cdf(-np.sqrt(squared)) + np.sqrt(2 / np.pi * squared) * tail)
    return tail


def _benjamini_hochberg(p_value: FloatArray, test_count: int) -> NDArray[np.bool_]:
    """Return flags for as many of the smallest p-values as the false discovery rate allows."""
    order = np.argsort(p_value, kind="stable")[:test_count]
    allowed = FALSE_DISCOVERY_RATE * np.arange(1, len(order) + 1) / max(test_count, 1)
    passing = np.flatnonzero(p_value[order] <= allowed)
    flags = np.zeros(len(p_value), bool)
    if len(passing):
        flags[order[: passing[-1] + 1]] = True
    return flags


def _curve_change(new: ItemParameters, old: ItemParameters) -> FloatArray:
    weight = np.exp(-0.5 * _GRID**2)
    difference = _curves(new) - _curves(old)
    return np.asarray(np.sqrt(difference**2 @ (weight / weight.sum())))


def _curves(items: ItemParameters) -> FloatArray:
    """Return P(correct) at the points of `_GRID`, shape (n, points)."""
    x = np.exp(items.log_slope)[:, None] * (_GRID - items.location[:, None])
    c = items.guessing[:, None]
    return np.asarray(c + (1 - c) * (0.5 + 0.5 * np.tanh(0.5 * x)))
