"""What guessed answers say together, given one concept: propagation along every other one.

`factorized.py` multiplies E[ratioᵢ | θⱼ] as if the ratios were uncorrelated. Where answers can be
guessed they may not be: a likelihood that bends both ways can tell two stories, and which one holds
changes with θⱼ. Here expectation propagation goes on at every grid point of θⱼ, over the other
concepts, sweep by sweep; its normalising constant is the marginal density.

Source: Cseke & Heskes (2011), JMLR 12, "EP-1STEP" and "EP-FULL"; Rue, Martino & Chopin (2009).
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from lib.engine.logistic_integrals import curve_moments, nodes_of
from lib.engine.normal import FloatArray, SingleArray, total_over
from lib.engine.posterior.factorized import Seen
from lib.engine.posterior.propagation import WIDEST_CAVITY, Normal

_LEAST = 0.05  # eigenvalue of a precision over that before: less is no distribution to go on with
_GREATEST = np.float32(1e12)  # of an entry; a variance over that before is at most 1 / _LEAST
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


def together(
    seen: Seen, towards: FloatArray, slopes: FloatArray, normal: Normal, x: FloatArray
) -> Iterator[FloatArray]:
    """Yield log E[∏ ratio | x], shape (j, g), by ever more propagation given x.

    Args:
        seen: The answers from the standardised concepts.
        towards: Those concepts as directions of z, shape (j, k).
        slopes: Of the answers, shape (k, t).
        normal: Of z.
        x: Shape (g,).
    """
    tau, eta = seen.sites
    factor = np.linalg.cholesky(normal.covariance)
    given = Conditional(
        seen.centre[None, :, None] + seen.pull[:, :, None] * x,
        other_directions(towards @ factor, slopes.T @ factor),
        total_over(slopes * slopes, axis=0),
    )
    # Far from the posterior's centre cavities are wider, but little of the density is there.
    nodes = nodes_of(seen.rest / np.maximum(1.0 - tau * seen.rest, 0.5), 3)
    floor, offset = seen.floor.astype(np.float32)[:, None], seen.offset.astype(np.float32)[:, None]
    known = _ONCE - floor

    def moments(mean: SingleArray, variance: SingleArray) -> SingleArray:
        mean += offset
        curve = curve_moments(mean, variance, nodes, 3)
        curve *= known
        curve[::2] += floor
        return curve

    # The sites at the mean of u: -½ τ (c + p x)² + η (c + p x) but for a constant.
    at_mean = (0.5 * (seen.pull * seen.pull) @ tau)[:, None] * x * x
    at_mean += (seen.pull @ (tau * seen.centre - eta))[:, None] * x
    for log_evidence in estimates(given, seen.floor, seen.sites, moments):
        yield log_evidence + at_mean


def estimates(
    given: Conditional, floor: FloatArray, sites: FloatArray, moments: Moments
) -> Iterator[FloatArray]:
    """Yield log E[∏ f / site | x] up to terms of x's own, shape (j, g), ever nearer to it.

    The first takes every answer on its own, each further one after one more sweep. Propagation's
    constant does not feel small errors of its sites, so that the second is mostly as good as any.
    Left out are the sites' values at the mean of u, which `together` adds.

    Args:
        given: The normal approximation given x.
        floor: Of the answers' likelihoods f, shape (t,).
        sites: τ and η, shape (2, t).
        moments: Of the likelihoods.
    """
    b = given.loadings.astype(np.float32)
    u = given.mean.astype(np.float32)
    squares = (b[:, :, :, None] * b[:, :, None, :]).reshape(*b.shape[:2], -1)
    tau, eta = sites.astype(np.float32)[:, None, :, None]
    pull = eta - tau * u  # of the sites on y = u - mean
    widest = np.where(floor > 0.0, _TWICE, _ONCE)[:, None]
    tightest = np.float32(1.0) / np.maximum(given.prior, _NARROWEST).astype(np.float32)
    loosest = (tightest / np.float32(WIDEST_CAVITY))[:, None]
    precision = 1.0 / np.maximum(total_over(b * b, axis=2), _NARROWEST)[:, :, None]
    site, drive, push, joint = tau, pull, np.float32(0.0), np.float32(0.0)
    while True:
        sharpness = np.maximum(precision - site, loosest)
        v = 1.0 / sharpness
        m = (push - drive) * v
        total, first, second = moments(u + m, v)
        # Each answer's likelihood over its site, both seen from the cavity N(m, v) of y.
        both = np.maximum(sharpness + site, precision)  # of cavity and site; never less
        ratio = 2.0 * np.log(total) + (np.log(both * v) + m * m * sharpness)
        ratio -= push * push / both
        yield np.asarray(0.5 * (total_over(ratio, axis=1) + joint), float)
        first /= total
        second /= total
        second -= first * first
        np.minimum(np.maximum(second, _NARROWEST, out=second), widest, out=second)
        sharper = sharpness / second
        site = sharper - sharpness
        drive = sharper * (m + np.sqrt(v) * first) - m * sharpness
        inverse, log_size = _inverse((site - tau).transpose(0, 2, 1) @ squares)
        towards = (drive - pull).transpose(0, 2, 1) @ b
        centre = (inverse.reshape(*towards.shape, -1) @ towards[..., None])[..., 0]
        joint = total_over(towards * centre, axis=2) - log_size
        variance = squares @ inverse.transpose(0, 2, 1)
        precision = 1.0 / np.maximum(variance, _NARROWEST, out=variance)
        push = precision * (b @ centre.transpose(0, 2, 1))


def _inverse(change: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (I + change)⁻¹, flat as `change`, (j, g, r²), and log det(I + change), (j, g).

    Gauss and Jordan's elimination without pivoting, all matrices at once. A pivot below `_LEAST`,
    which a precision cannot have, is raised to it; a matrix that outgrows `_GREATEST` then is I.
    """
    j, g, size = change.shape
    r = math.isqrt(size)
    rows = np.ascontiguousarray(change.transpose(2, 0, 1)).reshape(r, r, -1)
    rows[range(r), range(r)] += 1.0
    pivots = np.empty((r, j * g), change.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for p in range(r):
            pivot = np.maximum(rows[p, p], _LEAST, out=pivots[p])
            row = rows[p] / pivot
            row[p] = 1.0 / pivot
            column = rows[:, p].copy()
            column[p] = 0.0
            rows[:, p] = 0.0
            rows -= column[:, None] * row
            rows[p] = row
        astray = ~(np.abs(rows) < _GREATEST).all(axis=(0, 1))  # NaN counts
    if astray.any():
        rows[:, :, astray] = np.eye(r, dtype=change.dtype)[:, :, None]
        pivots[:, astray] = 1.0
    flat = rows.reshape(size, j, g).transpose(1, 2, 0)
    return flat, total_over(np.log(pivots), axis=0).reshape(j, g)
