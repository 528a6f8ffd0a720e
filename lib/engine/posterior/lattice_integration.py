"""One to five dimensions: the posterior integrated over all of them at once, at weighted points.

A rank-one lattice fills the unit cube far more evenly than chance does; the normal quantile and a
root of a covariance lay it over space. Two are laid by the normal approximation, one made a little
wider and one much, and one by the prior: a lucky guess leaves a second mode, somewhere between the
two. A point weighs posterior density over the density of all points there, whichever lattice it is
of. Where the moments found are not those of the normal, they lay the lattices again.

Nothing is integrated where no answer points: there the posterior is the prior.

Source: Korobov (1959); Sloan & Joe (1994), Lattice Methods for Multiple Integration; Owen & Zhou
(2000), "Safe and effective importance sampling", JASA 95 (deterministic mixture weights).
"""

from functools import lru_cache

import numpy as np

from lib.engine.normal import (
    FloatArray,
    SingleArray,
    any_of,
    largest,
    normal_quantile,
    total_over,
)
from lib.engine.posterior.propagation import Normal

POINTS = {1: (509, 509), 2: (509, 509), 3: (1021, 1021), 4: (1021, 2039), 5: (1021, 2039)}
"""By the number of dimensions: how many points each lattice has, usually and if answers are steep.
With more dimensions too few of the points would count.
"""

_GENERATORS = {509: 118, 1021: 223, 2039: 328}
"""Korobov's g by the number of points n, a prime: the lattice's vector is 1, g, g², … Of all g for
509, of 600 drawn at random for the others, the one with the least product of the worst-case errors
P₂ in 2 to 5 dimensions.
"""
_WIDER, _MUCH_WIDER, _BEYOND = 1.5, 3.5, 1.5
"""Deviations of the lattices, the first two over those of the normal, the last over the prior's."""
_OFF = 0.1
"""Deviations of what laid the points. If no mean and no deviation found is off by more, it fits."""
_ENOUGH, _LEAST, _FEWEST = 150.0, 50.0, 5.0
"""Effective sample sizes. With less than the first, points are laid again by what they found;
with less than the second at the end, nothing is known, and with less than the last at any time.
"""
_MOST_TIMES = 3
_UNTOUCHED = 1e-8  # logits²: along such a direction answers say nothing
_NARROWEST = 1e-24  # variance
_LARGEST_EXPONENT = np.float32(80.0)  # exp(88.7) is the largest single
_ONE = np.float32(1.0)


@lru_cache(maxsize=2 * len(POINTS))
def _lattice(k: int, n: int) -> FloatArray:
    """Return standard normal points, shape (k, n)."""
    quantile = normal_quantile((np.arange(n) + 0.5) / n)
    vector = [pow(_GENERATORS[n], j, n) for j in range(k)]
    return np.asarray(quantile[np.outer(vector, np.arange(n)) % n])


def integrated(evidence: FloatArray, normal: Normal, *, steep: bool) -> Normal | None:
    """Return mean and covariance of z under the true posterior.

    Args:
        evidence: See `lib.engine.posterior.propagation`.
        normal: Prior times sites: where most of the posterior is.
        steep: Take the points for steep answers.

    Returns:
        None if the answers point in more than five dimensions, or hardly a point counts: they are
        so steep that the posterior falls between the points, or `normal` is nowhere near it.
    """
    slopes = evidence[:-2]
    touched, basis = np.linalg.eigh(slopes @ slopes.T)
    basis = basis[:, touched > _UNTOUCHED]
    if basis.shape[1] not in POINTS:
        return None
    within = np.concatenate((basis.T @ slopes, evidence[-2:]))
    laid_by = Normal(normal.mean @ basis, basis.T @ normal.covariance @ basis)
    points = POINTS[basis.shape[1]][steep]
    for _ in range(_MOST_TIMES):
        found, size = _weighted(within, laid_by, points)
        if size > _ENOUGH and not _is_off(laid_by, found):
            break
        if size < _FEWEST:
            return None
        laid_by = found
    if size < _LEAST:
        return None
    change = found.covariance - np.eye(len(found.mean))
    if not any_of(evidence[-1]):
        change = _no_wider(change)
    covariance = np.eye(len(basis)) + basis @ (0.5 * (change + change.T)) @ basis.T
    return Normal(basis @ found.mean, covariance)


def _no_wider(change: FloatArray) -> FloatArray:
    """Return what the answers did to the covariance without what must be an error.

    Without guessing the likelihood is log-concave: no variance grows (Brascamp & Lieb, 1976).
    """
    values, axes = np.linalg.eigh(change)
    return np.asarray((axes * np.minimum(values, 0.0)) @ axes.T)


def _is_off(normal: Normal, found: Normal) -> bool:
    width = np.sqrt(np.diagonal(normal.covariance))
    moved = np.abs(found.mean - normal.mean) / width
    stretched = np.abs(np.sqrt(np.diagonal(found.covariance)) / width - 1.0)
    return bool(largest(moved) > _OFF or largest(stretched) > _OFF)


def _weighted(evidence: FloatArray, around: Normal, n: int) -> tuple[Normal, float]:
    """Return the moments over two lattices laid by `around` and one by the prior.

    With them comes Kish's effective sample size.
    """
    # Along the axes of `around`, pointing where its mean does: then order and signs of the concepts
    # matter only where several axes are equally long, or a mean is nothing.
    variance, axes = np.linalg.eigh(around.covariance)
    axes *= np.where(around.mean @ axes < 0.0, -1.0, 1.0)
    centre = (around.mean @ axes)[:, None]
    deviation = np.sqrt(np.maximum(variance, _NARROWEST))[:, None]
    k = len(axes)
    unit = _lattice(k, n)
    near, far = (_WIDER * deviation) * unit, (_MUCH_WIDER * deviation) * unit
    y = np.concatenate((centre + near, centre + far, _BEYOND * unit), axis=1)
    away, squares = (y - centre) / deviation, y * y
    away, squares = total_over(away * away, axis=0), total_over(squares, axis=0)
    # The density of the points, but for a factor.
    density = np.exp((-0.5 / _WIDER**2) * away) / _WIDER**k
    density += np.exp((-0.5 / _MUCH_WIDER**2) * away) / _MUCH_WIDER**k
    density /= deviation.prod()
    density += np.exp((-0.5 / _BEYOND**2) * squares) / _BEYOND**k
    log_weight = _log_likelihood(np.concatenate((axes.T @ evidence[:-2], evidence[-2:])), y)
    log_weight -= 0.5 * squares
    log_weight -= np.log(density)
    log_weight -= largest(log_weight)
    weight = np.exp(log_weight, out=log_weight)
    weight /= total_over(weight)
    mean = y @ weight
    y -= mean[:, None]
    covariance = axes @ ((y * weight) @ y.T) @ axes.T
    return Normal(axes @ mean, covariance), float(1.0 / (weight @ weight))


def _log_likelihood(evidence: FloatArray, y: FloatArray) -> FloatArray:
    """Return log P(answers | y), shape (n,), of points y, shape (k, n); in single precision."""
    single = evidence.astype(np.float32)
    floor = single[-1][:, None]
    minus: SingleArray = single[:-2].T @ -y.astype(np.float32)
    minus -= single[-2][:, None]
    too_large = None
    if largest(minus, axis=None) > _LARGEST_EXPONENT:
        # There an answer that cannot be guessed has the logarithm -minus.
        too_large = np.maximum(minus - _LARGEST_EXPONENT, 0.0)[floor[:, 0] == 0.0]
        np.minimum(minus, _LARGEST_EXPONENT, out=minus)
    np.exp(minus, out=minus)
    minus += _ONE
    likelihood = np.divide(_ONE - floor, minus, out=minus)
    likelihood += floor
    np.log(likelihood, out=likelihood)
    found = np.asarray(np.ones(len(likelihood), np.float32) @ likelihood, float)
    return found if too_large is None else found - total_over(too_large, axis=0, dtype=float)
