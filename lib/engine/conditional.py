"""What guessed answers say together, given one concept: propagation along every other one.

The marginals of lib.engine.marginals multiply E[ratioᵢ | θⱼ] as if the ratios were uncorrelated.
Where answers can be guessed they are not: a likelihood that bends both ways can tell two stories,
and which one holds changes with θⱼ. Here expectation propagation runs once more at every grid point
of θⱼ, over the other concepts, for two sweeps; its normalising constant is the marginal density.

Source: Cseke & Heskes (2011), JMLR 12, "EP-1STEP" and "EP-FULL"; Rue, Martino & Chopin (2009).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lib.engine.normal import FloatArray, SingleArray, total_over
from lib.engine.propagation import WIDEST_CAVITY

_LEAST = 0.05  # eigenvalue of a precision over that before: less is no distribution to go on with
_NARROWEST = np.float32(1e-9)  # variance, logits²
_ONCE, _TWICE = np.float32(1.0), np.float32(2.0)

Moments = Callable[[SingleArray, SingleArray], SingleArray]
"""Takes mean and variance of a cavity, (j, t, g); gives E[f], E[f ζ], E[f ζ²], (3, j, t, g)."""


class Conditional(NamedTuple):
    """The answers' u = slopes · z given the standardised concept x, at g points.

    Their deviations from the mean are b · ξ with ξ standard normal in the k - 1 other directions.
    """

    mean: FloatArray
    """Of u, shape (j, t, g)."""
    loadings: FloatArray
    """b, shape (j, t, k - 1)."""
    prior: FloatArray
    """Variance of u before any answer, shape (t,)."""


def other_directions(towards: FloatArray, factor: FloatArray) -> FloatArray:
    """Return b, (j, t, k - 1): `factor`, (t, k), along what is orthogonal to each of `towards`.

    Householder's reflection that sends the first axis to the unit vector towards[j], (j, k), sends
    the others to a basis of its complement.
    """
    axis = towards.copy()
    axis[:, 0] += np.where(towards[:, 0] < 0, -1.0, 1.0)
    onto = 2.0 * (axis @ factor.T) / np.square(axis).sum(axis=1)[:, None]
    return np.asarray(factor[None, :, 1:] - onto[:, :, None] * axis[:, None, 1:])


def log_evidence(
    given: Conditional, floor: FloatArray, sites: FloatArray, moments: Moments, sweeps: int
) -> FloatArray:
    """Return log E[∏ f / site | x] up to terms of x's own, shape (j, g).

    Left out are the sites' values at the mean of u, which lib.engine.marginals adds.

    Args:
        given: The normal approximation given x.
        floor: Of the answers' likelihoods f, shape (t,).
        sites: τ and η, shape (2, t).
        moments: Of the likelihoods.
        sweeps: How often every site is matched anew.
    """
    b = given.loadings.astype(np.float32)
    u = given.mean.astype(np.float32)
    squares = (b[:, :, :, None] * b[:, :, None, :]).reshape(*b.shape[:2], -1)
    tau, eta = sites.astype(np.float32)[:, None, :, None]
    pull = eta - tau * u  # of the sites on y = u - mean
    widest = np.where(floor > 0.0, _TWICE, _ONCE)[:, None]
    loosest = (1.0 / (WIDEST_CAVITY * np.maximum(given.prior, _NARROWEST))).astype(np.float32)
    precision = np.float32(1.0) / np.maximum(total_over(b * b, axis=2), _NARROWEST)[:, :, None]
    site, drive, push_back = tau, pull, pull
    for sweep in range(sweeps):
        v = 1.0 / np.maximum(precision - site, loosest[:, None])
        m = push_back * -v
        total, first, second = moments(u + m, v)
        first /= total
        ratio = second
        ratio /= total
        ratio -= first * first
        np.minimum(np.maximum(ratio, _NARROWEST, out=ratio), widest, out=ratio)
        sharper = 1.0 / (ratio * v)
        moved = m + np.sqrt(v) * first
        site = sharper - 1.0 / v
        drive = sharper * moved - m / v
        inverse, log_size = _inverse((site - tau).transpose(0, 2, 1) @ squares)
        towards = (drive - pull).transpose(0, 2, 1) @ b
        centre = (inverse.reshape(*towards.shape, -1) @ towards[..., None])[..., 0]
        if sweep + 1 < sweeps:
            variance = squares @ inverse.transpose(0, 2, 1)
            precision = 1.0 / np.maximum(variance, _NARROWEST, out=variance)
            push_back = drive - precision * (b @ centre.transpose(0, 2, 1))
    constant = 2.0 * np.log(total) - np.log(ratio) + (m * m / v - moved * moved * sharper)
    joint = total_over(towards * centre, axis=2) - log_size
    return np.asarray(0.5 * (total_over(constant, axis=1) + joint), float)


def _inverse(change: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (I + change)⁻¹, flat as `change`, (j, g, r²), and log det(I + change), (j, g).

    Gauss and Jordan's elimination without pivoting, all matrices at once. A pivot below `_LEAST`,
    which a precision cannot have, is raised to it.
    """
    j, g, size = change.shape
    r = math.isqrt(size)
    rows = np.ascontiguousarray(change.transpose(2, 0, 1)).reshape(r, r, -1)
    rows[range(r), range(r)] += 1.0
    pivots = np.empty((r, j * g), change.dtype)
    for p in range(r):
        pivot = np.maximum(rows[p, p], _LEAST, out=pivots[p])
        row = rows[p] / pivot
        row[p] = 1.0 / pivot
        column = rows[:, p].copy()
        column[p] = 0.0
        rows[:, p] = 0.0
        rows -= column[:, None] * row
        rows[p] = row
    flat = rows.reshape(size, j, g).transpose(1, 2, 0)
    return flat, total_over(np.log(pivots), axis=0).reshape(j, g)
