"""Which items no longer behave as their current parameters say.

When the people change, all items seem to change alike: that common part is a *link* between two
scales and no item's fault, so it is estimated robustly and taken out first. What is left of an
item is compared with its error, and the flags hold the false discovery rate.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.engine.calibration.parameters import ItemParameters
from lib.engine.normal import FloatArray, normal_cdf

FALSE_DISCOVERY_RATE = 0.05
"""Expected share of the flagged items that have not drifted."""

HUBER = 1.345
"""Standard errors beyond which an item pulls the link no harder: 95 % efficient (Huber, 1981)."""

_LINK_ROUNDS = 30
_LINK_SD = 1.0  # of shift and log stretch, a priori; matters where a concept has few items
_GRID = np.linspace(-4.0, 4.0, 41)


@dataclass(frozen=True, eq=False)
class Drift:
    """Differences from the current parameters.

    Attributes:
        drifted: Differs by more than chance, shape (n,).
        p_value: Of "nothing but the common link has changed", shape (n,); 1 without answers.
        curve_change: Root mean square change of P(correct) over the population, link taken out,
            shape (n,).
        shift: Mean of the people on the current scale, per concept, shape (k,).
        stretch: Their standard deviation on the current scale, per concept, shape (k,).
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
        new: Estimates.
        current: What the engine asks with now.
        covariance: Of the errors of (log a, b, c), shape (n, 3, 3).
        answered: Items with answers; only these can drift.
        guessing_is_free: Whether c was estimated, a third way for an item to differ.
    """
    u, loads = new.directions, new.directions**2
    error = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    change = new.log_slope - current.log_slope
    log_stretch = _robust(loads[answered], change[answered], error[answered, 0])
    factor = np.exp(loads @ log_stretch)
    offset = current.location - new.location * factor
    shift = _robust(u[answered], offset[answered], (error[:, 1] * factor)[answered])
    linked = ItemParameters.of_latent(
        current.concepts,
        current.log_slope + loads @ log_stretch,
        (current.location - u @ shift) / factor,
        current.guessing,
    )
    p_value = _p_value(_difference(new, linked), covariance, guessing_is_free=guessing_is_free)
    p_value = np.where(answered, p_value, 1.0)
    return Drift(
        _benjamini_hochberg(p_value, int(answered.sum())),
        p_value,
        _curve_change(new, linked) * answered,
        shift,
        np.exp(log_stretch),
    )


def _robust(design: FloatArray, values: FloatArray, error: FloatArray) -> FloatArray:
    """Return Huber's regression of `values` on `design`, shape (k,), by reweighting.

    The scale of the residuals is the larger of their errors and their own spread: the authors'
    first guesses are far off for most items.
    """
    k = design.shape[1]
    solution = np.zeros(k)
    for _ in range(_LINK_ROUNDS):
        residual = np.abs(values - design @ solution) / error
        spread = max(1.0, float(np.median(residual)) / 0.6745) if len(residual) else 1.0
        weight = np.minimum(1.0, HUBER * spread / np.maximum(residual, 1e-12))
        weight = weight / (spread * error) ** 2
        left = (design * weight[:, None]).T @ design + np.eye(k) / _LINK_SD**2
        solution = np.asarray(np.linalg.solve(left, design.T @ (weight * values)), float)
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
    """Return the upper tail of χ² at Δᵀ C⁻¹ Δ, with three degrees of freedom or two."""
    if not guessing_is_free:
        difference, covariance = difference[:, :2], covariance[:, :2, :2]
    solved = np.linalg.solve(covariance, difference[:, :, None])[:, :, 0]
    squared = np.maximum((difference * solved).sum(axis=1), 0.0)
    tail: FloatArray = np.exp(-0.5 * squared)
    if guessing_is_free:
        return np.asarray(2 * normal_cdf(-np.sqrt(squared)) + np.sqrt(2 / np.pi * squared) * tail)
    return tail


def _benjamini_hochberg(p_value: FloatArray, tests: int) -> NDArray[np.bool_]:
    """Flag as many of the smallest p as the false discovery rate allows."""
    order = np.argsort(p_value, kind="stable")[:tests]
    allowed = FALSE_DISCOVERY_RATE * np.arange(1, len(order) + 1) / max(tests, 1)
    passing = np.flatnonzero(p_value[order] <= allowed)
    flags = np.zeros(len(p_value), bool)
    if len(passing):
        flags[order[: passing[-1] + 1]] = True
    return flags


def _curve_change(new: ItemParameters, old: ItemParameters) -> FloatArray:
    weight = np.exp(-0.5 * _GRID**2)
    gap = _curves(new) - _curves(old)
    return np.asarray(np.sqrt(gap**2 @ (weight / weight.sum())))


def _curves(items: ItemParameters) -> FloatArray:
    """Return P(correct) on the grid of t, shape (n, grid)."""
    x = np.exp(items.log_slope)[:, None] * (_GRID - items.location[:, None])
    c = items.guessing[:, None]
    return np.asarray(c + (1 - c) * (0.5 + 0.5 * np.tanh(0.5 * x)))
