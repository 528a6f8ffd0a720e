"""Two to five concepts: the posterior integrated over all of them at once, at weighted points.

A rank-one lattice fills the unit cube far more evenly than chance does; the normal quantile and a
root of a covariance lay it over space. Two are laid by the normal approximation, one made a little
wider and one much, and one by the prior: a lucky guess leaves a second mode, somewhere between the
two. A point weighs posterior density over the density of all points there, whichever lattice it is
of. Where the moments found are not those of the normal, they lay the lattices once more.

Source: Korobov (1959); Sloan & Joe (1994), Lattice Methods for Multiple Integration; Owen & Zhou
(2000), JASA 95, "mixture importance sampling".
"""

from functools import lru_cache

import numpy as np

from lib.engine.normal import FloatArray, SingleArray, any_of, largest, normal_quantile, total_over
from lib.engine.propagation import Normal

_GENERATORS = {509: 118, 1021: 223, 2039: 328}
"""Korobov's g by the number of points, a prime: the lattice's vector is 1, g, g², … The best of 600
or all by the worst-case errors P₂ in 2 to 5 dimensions.
"""
_WIDER, _MUCH_WIDER, _BEYOND = 1.5, 3.5, 1.5
"""Deviations of the lattices, the first two over those of the normal, the last over the prior's."""
_OFF = 0.1
"""Standard deviations of the normal. If no mean and no deviation is off by more, it was near."""
_LEAST_POINTS = 50.0
"""Points that as many equal weights would be; with fewer nothing is known."""
_NARROWEST = 1e-24  # variance
_LARGEST_EXPONENT = np.float32(80.0)  # exp(88.7) is the largest single
_ONE = np.float32(1.0)


POINTS = {2: (509, 509), 3: (1021, 1021), 4: (1021, 2039), 5: (1021, 2039)}
"""By the number of concepts: how many points a lattice has, usually and if answers are steep. With
more concepts too few of the points would count.
"""


@lru_cache(maxsize=2 * len(POINTS))
def _lattice(k: int, n: int) -> FloatArray:
    """Return standard normal points, shape (k, n)."""
    quantile = normal_quantile((np.arange(n) + 0.5) / n)
    vector = [pow(_GENERATORS[n], j, n) for j in range(k)]
    return np.asarray(quantile[np.outer(vector, np.arange(n)) % n])


def integrated(evidence: FloatArray, normal: Normal, *, steep: bool) -> Normal | None:
    """Return mean and covariance of z under the true posterior.

    Args:
        evidence: See `lib.engine.propagation`; of 2 to 5 concepts.
        normal: Prior times sites: where most of the posterior is.
        steep: Take the points for steep answers.

    Returns:
        None if hardly a point counts: answers so steep that the posterior falls between the points.
    """
    n = POINTS[len(normal.mean)][steep]
    found = _weighted(evidence, normal, n)
    if found is None:
        return None
    if _is_off(normal, found):
        found = _weighted(evidence, found, n) or found
    return found if any_of(evidence[-1]) else _within_prior(found)


def _within_prior(found: Normal) -> Normal:
    """Return what was found without what must be an error: no direction is wider than z was.

    Without guessing the likelihood is log-concave (Brascamp & Lieb, 1976).
    """
    variance, axes = np.linalg.eigh(found.covariance)
    return Normal(found.mean, (axes * np.minimum(variance, 1.0)) @ axes.T)


def _is_off(normal: Normal, found: Normal) -> bool:
    width = np.sqrt(np.diagonal(normal.covariance))
    moved = np.abs(found.mean - normal.mean) / width
    stretched = np.abs(np.sqrt(np.diagonal(found.covariance)) / width - 1.0)
    return bool(largest(moved) > _OFF or largest(stretched) > _OFF)


def _weighted(evidence: FloatArray, around: Normal, n: int) -> Normal | None:
    """Return the moments over two lattices laid by `around` and one by the prior."""
    # Along the axes of `around`, pointing where its mean does: then neither the order nor the signs
    # of the concepts matter.
    variance, axes = np.linalg.eigh(around.covariance)
    centre = around.mean @ axes
    axes *= np.where(centre < 0.0, -1.0, 1.0)
    centre = np.abs(centre)[:, None]
    deviation = np.sqrt(np.maximum(variance, _NARROWEST))[:, None]
    k = len(axes)
    unit = _lattice(k, n)
    near, far = (_WIDER * deviation) * unit, (_MUCH_WIDER * deviation) * unit
    y = np.concatenate((centre + near, centre + far, _BEYOND * unit), axis=1)
    away, squares = (y - centre) / deviation, y * y
    away, squares = total_over(away * away, axis=0), total_over(squares, axis=0)
    # The density of the points, but for a factor.
    laid = np.exp((-0.5 / _WIDER**2) * away) / _WIDER**k
    laid += np.exp((-0.5 / _MUCH_WIDER**2) * away) / _MUCH_WIDER**k
    laid /= deviation.prod()
    laid += np.exp((-0.5 / _BEYOND**2) * squares) / _BEYOND**k
    log_weight = _log_likelihood(np.concatenate((axes.T @ evidence[:-2], evidence[-2:])), y)
    log_weight -= 0.5 * squares
    log_weight -= np.log(laid)
    log_weight -= largest(log_weight)
    weight = np.exp(log_weight, out=log_weight)
    weight /= total_over(weight)
    if weight @ weight * _LEAST_POINTS > 1.0:
        return None
    mean = y @ weight
    y -= mean[:, None]
    return Normal(axes @ mean, axes @ ((y * weight) @ y.T) @ axes.T)


def _log_likelihood(evidence: FloatArray, y: FloatArray) -> FloatArray:
    """Return log P(answers | y), shape (n,), of points y, shape (k, n); in single precision."""
    single = evidence.astype(np.float32)
    floor = single[-1][:, None]
    minus: SingleArray = single[:-2].T @ -y.astype(np.float32)
    minus -= single[-2][:, None]
    np.minimum(minus, _LARGEST_EXPONENT, out=minus)
    np.exp(minus, out=minus)
    minus += _ONE
    likelihood = np.divide(_ONE - floor, minus, out=minus)
    likelihood += floor
    np.log(likelihood, out=likelihood)
    return np.asarray(np.ones(len(likelihood), np.float32) @ likelihood, float)
