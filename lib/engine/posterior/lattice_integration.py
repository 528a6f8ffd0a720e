"""Posterior moments in one to five dimensions, by importance sampling on rank-one lattices.

A rank-one lattice fills the unit cube far more evenly than random points. The normal quantile and a
root of a covariance map it to a normal distribution, the *proposal*. Three lattices are used: two
from the normal approximation, widened a little and a lot, and one from the prior, because a lucky
guess leaves a second mode somewhere between them. A point's weight is the posterior density over
the mixture density of all points. Where the resulting moments differ from those of the proposal,
they become the next proposal.

Directions about which the answers say nothing are left out: there the posterior is the prior.

Source: Korobov (1959); Sloan & Joe (1994), Lattice Methods for Multiple Integration; Owen & Zhou
(2000), "Safe and effective importance sampling", JASA 95 (deterministic mixture weights).
"""

from functools import lru_cache

import numpy as np

from ..normal import (
    FloatArray,
    SingleArray,
    any_of,
    largest,
    normal_quantile,
    total_over,
)
from .propagation import Normal

POINTS = {1: (509, 509), 2: (509, 509), 3: (1021, 1021), 4: (1021, 2039), 5: (1021, 2039)}
"""Points of each lattice by number of dimensions, for ordinary and for steep answers.

In more dimensions too few of the points would have a weight that matters.
"""

_GENERATORS = {509: 118, 1021: 223, 2039: 328}
"""Korobov's generator g by the number of points n, a prime; the lattice's vector is (1, g, g², …).

Each g has the smallest product of the worst-case errors P₂ in 2 to 5 dimensions, among all
candidates for n = 509 and among 600 random candidates for the others.
"""
_NEAR_SCALE, _FAR_SCALE, _PRIOR_SCALE = 1.5, 3.5, 1.5
"""Standard deviations of the lattices: two relative to the proposal's, one to the prior's."""
_TOLERANCE = 0.1
"""Largest change of a mean or standard deviation at which a proposal is accepted, in units of the
proposal's standard deviations.
"""
_SUFFICIENT_SIZE, _SMALLEST_FINAL_SIZE, _SMALLEST_SIZE = 150.0, 50.0, 5.0
"""Effective sample sizes below which, in this order, another proposal is tried, the final result is
rejected, and the iteration stops at once.
"""
_MAX_ITERATIONS = 3
_UNMEASURED = 1e-8  # logits²; along such a direction the answers carry no information
_SMALLEST_VARIANCE = 1e-24  # relative to the prior's variance
_LARGEST_EXPONENT = np.float32(80.0)  # exp(88.7) is the largest single
_ONE = np.float32(1.0)


@lru_cache(maxsize=2 * len(POINTS))
def _lattice(k: int, n: int) -> FloatArray:
    """Return n lattice points mapped to the standard normal distribution, shape (k, n)."""
    quantile = normal_quantile((np.arange(n) + 0.5) / n)
    vector = [pow(_GENERATORS[n], j, n) for j in range(k)]
    return np.asarray(quantile[np.outer(vector, np.arange(n)) % n])


def integrate_on_lattices(evidence: FloatArray, normal: Normal, *, steep: bool) -> Normal | None:
    """Return mean and covariance of z under the exact posterior.

    Args:
        evidence: All answers, shape (k + 2, t); see `lib.engine.posterior.propagation`.
        normal: Prior times sites, the first proposal.
        steep: Whether to use the number of points for steep answers.

    Returns:
        None if the answers span no dimension or more than five, or if the effective sample size is
        too small: the answers are so steep that the posterior falls between the points, or `normal`
        is far from the posterior.
    """
    slopes = evidence[:-2]
    eigenvalues, basis = np.linalg.eigh(slopes @ slopes.T)
    basis = basis[:, eigenvalues > _UNMEASURED]
    if basis.shape[1] not in POINTS:
        return None
    projected = np.concatenate((basis.T @ slopes, evidence[-2:]))
    proposal = Normal(normal.mean @ basis, basis.T @ normal.covariance @ basis)
    points = POINTS[basis.shape[1]][steep]
    for _ in range(_MAX_ITERATIONS):
        moments, size = _importance_moments(projected, proposal, points)
        if size > _SUFFICIENT_SIZE and not _differs(proposal, moments):
            break
        if size < _SMALLEST_SIZE:
            return None
        proposal = moments
    if size < _SMALLEST_FINAL_SIZE:
        return None
    change = moments.covariance - np.eye(len(moments.mean))
    if not any_of(evidence[-1]):
        change = _without_widening(change)
    covariance = np.eye(len(basis)) + basis @ (0.5 * (change + change.T)) @ basis.T
    return Normal(basis @ moments.mean, covariance)


def _without_widening(change: FloatArray) -> FloatArray:
    """Return the change of the covariance, without its positive part.

    Without guessing the likelihood is log-concave, so no variance can grow (Brascamp & Lieb, 1976):
    any growth is integration error.
    """
    values, axes = np.linalg.eigh(change)
    return np.asarray((axes * np.minimum(values, 0.0)) @ axes.T)


def _differs(normal: Normal, moments: Normal) -> bool:
    deviation = np.sqrt(np.diagonal(normal.covariance))
    shift = np.abs(moments.mean - normal.mean) / deviation
    stretch = np.abs(np.sqrt(np.diagonal(moments.covariance)) / deviation - 1.0)
    return bool(largest(shift) > _TOLERANCE or largest(stretch) > _TOLERANCE)


def _importance_moments(evidence: FloatArray, proposal: Normal, n: int) -> tuple[Normal, float]:
    """Return the moments over two lattices from `proposal` and one from the prior.

    The second value is Kish's effective sample size.
    """
    # The axes are the proposal's principal axes, oriented along its mean. Order and signs of the
    # concepts then matter only if axes are equally long or a mean is 0.
    variance, axes = np.linalg.eigh(proposal.covariance)
    axes *= np.where(proposal.mean @ axes < 0.0, -1.0, 1.0)
    centre = (proposal.mean @ axes)[:, None]
    deviation = np.sqrt(np.maximum(variance, _SMALLEST_VARIANCE))[:, None]
    k = len(axes)
    unit = _lattice(k, n)
    near, far = (_NEAR_SCALE * deviation) * unit, (_FAR_SCALE * deviation) * unit
    y = np.concatenate((centre + near, centre + far, _PRIOR_SCALE * unit), axis=1)
    distance, squares = (y - centre) / deviation, y * y
    distance, squares = total_over(distance * distance, axis=0), total_over(squares, axis=0)
    # Mixture density of the points, up to a constant factor.
    density = np.exp((-0.5 / _NEAR_SCALE**2) * distance) / _NEAR_SCALE**k
    density += np.exp((-0.5 / _FAR_SCALE**2) * distance) / _FAR_SCALE**k
    density /= deviation.prod()
    density += np.exp((-0.5 / _PRIOR_SCALE**2) * squares) / _PRIOR_SCALE**k
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
    """Return log P(answers | y), shape (n,), at points y, shape (k, n), in single precision."""
    single = evidence.astype(np.float32)
    floor = single[-1][:, None]
    minus_x: SingleArray = single[:-2].T @ -y.astype(np.float32)
    minus_x -= single[-2][:, None]
    too_large = None
    if largest(minus_x, axis=None) > _LARGEST_EXPONENT:
        # There the log-likelihood of an answer without a floor is x itself.
        too_large = np.maximum(minus_x - _LARGEST_EXPONENT, 0.0)[floor[:, 0] == 0.0]
        np.minimum(minus_x, _LARGEST_EXPONENT, out=minus_x)
    np.exp(minus_x, out=minus_x)
    minus_x += _ONE
    likelihood = np.divide(_ONE - floor, minus_x, out=minus_x)
    likelihood += floor
    np.log(likelihood, out=likelihood)
    log_likelihood = np.asarray(np.ones(len(likelihood), np.float32) @ likelihood, float)
    return (
        log_likelihood
        if too_large is None
        else log_likelihood - total_over(too_large, axis=0, dtype=float)
    )
