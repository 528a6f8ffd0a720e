"""One sweep of expectation propagation over everybody's answers.

An item measures t = u · θ. Each answer is stood in for by a *site*, the normal factor
exp(-τt²/2 + ηt); prior and sites together give each person a normal posterior. Taking one site out
leaves the *cavity*: what all other answers of the person say about t. The chance of a right answer
under the cavity, π = E[P(t)], is all that is needed, because

- its derivatives by the cavity's mean give the new site (moment matching), and
- its derivatives v by the item's parameters give the item's score (y - π) v / (π (1 - π)) and
  Fisher information v vᵀ / (π (1 - π)): at the fixed point of the sweeps the score is the gradient
  of the marginal likelihood.

All of them follow from three one-dimensional integrals of the logistic curve L by Stein's lemma:
E[L'] = E[L x] / B and E[L''] = E[L (x² - 1)] / B², with x standard normal and B the curve's slope
in cavity standard deviations.

Sources: Minka (2001), UAI; Rasmussen & Williams (2006), section 3.6; Bock & Aitkin (1981).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lib.engine.calibration.answers import Answers, Block
from lib.engine.normal import FloatArray

NODES = 41
"""Gauss-Hermite nodes: E[L] is exact to 1e-4 up to B = 3, where B is seldom above 2."""

_X, _W = np.polynomial.hermite_e.hermegauss(NODES)
_W = _W / _W.sum()
_MOMENTS = np.stack([_W, _W * _X, _W * (_X**2 - 1), _W * (_X**3 - 3 * _X)], axis=1)

_SURE = 1e-9  # π stays this far from 0 and 1, so that no weight is infinite
_UPPER = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


@dataclass(frozen=True, eq=False)
class Curves:
    """The items' curves c + (1 - c) / (1 + exp(-a (t - b))), each array of shape (n,)."""

    slope: FloatArray
    location: FloatArray
    guessing: FloatArray


@dataclass(frozen=True, eq=False)
class Site:
    """τ and η of each answer of a block, both of shape (p, l), 0 in padding."""

    precision: FloatArray
    shift: FloatArray


@dataclass(frozen=True, eq=False)
class People:
    """What the population looks like, summed over people.

    Attributes:
        mean: Σ m, shape (k,).
        second_moment: Σ (V + m mᵀ), shape (k, k).
        covariance: Σ V, shape (k, k).
    """

    mean: FloatArray
    second_moment: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, eq=False)
class Sweep:
    """What one sweep yields; derivatives are by (log a, b, c).

    Attributes:
        sites: New sites, one per block.
        score: Gradient of the log-likelihood, shape (n, 3).
        information: Shape (n, 3, 3).
        trend: Derivative of the locations' information by log a, shape (n,).
        people: Moments of the posteriors that the old sites gave.
    """

    sites: tuple[Site, ...]
    score: FloatArray
    information: FloatArray
    trend: FloatArray
    people: People


@dataclass(frozen=True, eq=False)
class _Cavity:
    """Everybody's posterior without one answer, along that answer's direction: shape (p, l)."""

    mean: FloatArray
    variance: FloatArray


@dataclass(frozen=True, eq=False)
class _Prediction:
    """π of each answer, its derivatives by the cavity's mean and by (log a, b, c)."""

    chance: FloatArray
    by_mean: FloatArray
    by_mean_twice: FloatArray
    by_parameters: tuple[FloatArray, FloatArray, FloatArray]
    location_trend: FloatArray


def no_sites(answers: Answers) -> tuple[Site, ...]:
    """Return the sites to begin with: no answer says anything yet."""
    return tuple(
        Site(np.zeros(block.items.shape), np.zeros(block.items.shape)) for block in answers.blocks
    )


def sweep(
    answers: Answers,
    sites: tuple[Site, ...],
    directions: FloatArray,
    curves: Curves,
    correlation: FloatArray,
    damping: float = 1.0,
) -> Sweep:
    """Match every site once, all at the same time.

    Args:
        answers: Everybody's answers.
        sites: From `no_sites` or the last sweep.
        directions: u, shape (n, k).
        curves: The items as they are believed to be now.
        correlation: Covariance of θ in the population, whose mean is 0, shape (k, k).
        damping: How much of the way the sites go, 0 to 1.
    """
    n, k = directions.shape
    prior = np.linalg.inv(correlation)
    lowest = -5.0 / float(np.linalg.eigvalsh(correlation)[-1])
    sums, people = np.zeros((10, n)), People(np.zeros(k), np.zeros((k, k)), np.zeros((k, k)))
    moved = []
    for block, site in zip(answers.blocks, sites, strict=True):
        u = directions[block.items]
        mean, covariance = _posteriors(u, site, prior)
        cavity = _cavities(u, mean, covariance, site)
        prediction = _predict(cavity, block, curves)
        moved.append(_match(block, site, cavity, prediction, lowest, damping))
        for place, row in enumerate(_derivatives(block, prediction)):
            sums[place] += np.bincount(block.items.ravel(), row.ravel(), minlength=n)
        people = _count(people, mean, covariance)
    return Sweep(tuple(moved), sums[:3].T.copy(), _symmetric(sums[3:9]), sums[9], people)


def log_likelihood(
    answers: Answers,
    sites: tuple[Site, ...],
    directions: FloatArray,
    curves: Curves,
    correlation: FloatArray,
) -> float:
    """Return the log of the probability of all answers, nats, once the sites stand still.

    Source: Rasmussen & Williams (2006), equation 3.65.
    """
    prior, total = np.linalg.inv(correlation), 0.0
    for block, site in zip(answers.blocks, sites, strict=True):
        u = directions[block.items]
        mean, covariance = _posteriors(u, site, prior)
        cavity = _cavities(u, mean, covariance, site)
        chance = _predict(cavity, block, curves).chance
        seen = np.log(np.where(block.correct == 1.0, chance, 1.0 - chance)) * block.given
        spread = 1.0 + site.precision * cavity.variance
        joint = (cavity.mean + site.shift * cavity.variance) ** 2 / spread - cavity.mean**2
        scales = 0.5 * (np.log(spread) - joint / cavity.variance)
        volume = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(prior)[1]
        fit = mean * np.linalg.solve(covariance, mean[:, :, None])[:, :, 0]
        total += float(seen.sum() + scales.sum() + 0.5 * (volume.sum() + fit.sum()))
    return total


def _posteriors(u: FloatArray, site: Site, prior: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return everybody's mean (p, k) and covariance (p, k, k)."""
    across = u.transpose(0, 2, 1)
    covariance = np.linalg.inv(prior + (across * site.precision[:, None, :]) @ u)
    return (covariance @ (across @ site.shift[:, :, None]))[:, :, 0], covariance


def _cavities(u: FloatArray, mean: FloatArray, covariance: FloatArray, site: Site) -> _Cavity:
    t = (u @ mean[:, :, None])[:, :, 0]
    variance = np.einsum("plk,plk->pl", u @ covariance, u)
    without = variance / (1.0 - site.precision * variance)
    return _Cavity(without * (t / variance - site.shift), without)


def _predict(cavity: _Cavity, block: Block, curves: Curves) -> _Prediction:
    slope, floor = curves.slope[block.items], curves.guessing[block.items]
    centre = slope * (cavity.mean - curves.location[block.items])
    steepness = slope * np.sqrt(cavity.variance)
    level, rise, bend, turn = _logistic_moments(centre, steepness)
    rest = 1.0 - floor
    by_mean = rest * slope * rise
    return _Prediction(
        np.clip(floor + rest * level, _SURE, 1.0 - _SURE),
        by_mean,
        rest * slope**2 * bend,
        (rest * (centre * rise + steepness**2 * bend), -by_mean, 1.0 - level),
        1.0 + (centre * bend + steepness**2 * turn) / rise,
    )


def _logistic_moments(
    centre: FloatArray, steepness: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return E[L], E[L'], E[L''] and E[L'''] of the logistic curve at A + B x, x standard normal."""
    curve = np.multiply.outer(steepness, -_X)
    curve -= centre[..., None]
    np.exp(curve, out=curve)
    curve += 1.0
    np.reciprocal(curve, out=curve)
    moments = curve @ _MOMENTS
    first, second, third, fourth = np.moveaxis(moments, -1, 0)
    return first, second / steepness, third / steepness**2, fourth / steepness**3


def _match(
    block: Block, site: Site, cavity: _Cavity, at: _Prediction, lowest: float, damping: float
) -> Site:
    """Return sites that give the posterior the mean and variance that each answer implies.

    A lucky guess can make a posterior wider: its site is negative. Negative sites of one person
    together stay above `lowest`, half the prior's smallest precision, so no posterior is lost.
    """
    residual = (block.correct - at.chance) / (at.chance * (1.0 - at.chance))
    gradient = residual * at.by_mean
    bend = gradient**2 - residual * at.by_mean_twice
    precision = bend / (1.0 - np.minimum(bend * cavity.variance, 1.0 - 1e-6))
    precision = np.maximum(precision, lowest / block.given.sum(axis=1, keepdims=True))
    shift = gradient + precision * (cavity.mean + cavity.variance * gradient)
    step = damping * block.given
    return Site(
        site.precision + step * (precision - site.precision),
        site.shift + step * (shift - site.shift),
    )


def _derivatives(block: Block, at: _Prediction) -> Iterator[FloatArray]:
    """Yield each answer's three scores, then the upper triangle of its information."""
    weight = block.given / (at.chance * (1.0 - at.chance))
    residual = weight * (block.correct - at.chance)
    for derivative in at.by_parameters:
        yield residual * derivative
    for i, j in _UPPER:
        yield weight * at.by_parameters[i] * at.by_parameters[j]
    slope, location, _ = at.by_parameters
    odds = (1.0 - 2.0 * at.chance) / (at.chance * (1.0 - at.chance))
    yield weight * location**2 * (2.0 * at.location_trend - odds * slope)


def _count(people: People, mean: FloatArray, covariance: FloatArray) -> People:
    total = covariance.sum(axis=0)
    return People(
        people.mean + mean.sum(axis=0),
        people.second_moment + total + mean.T @ mean,
        people.covariance + total,
    )


def _symmetric(upper: FloatArray) -> FloatArray:
    """Return (n, 3, 3) matrices from the rows of their upper triangles, shape (6, n)."""
    full = np.empty((upper.shape[1], 3, 3))
    for row, (i, j) in zip(upper, _UPPER, strict=True):
        full[:, i, j] = full[:, j, i] = row
    return full
