"""One sweep over everybody's answers: expectations of each item, and new sites.

Along a strand the posterior of t is its normal cavity times the curves of the answers, a function
of one number, and is integrated as it is, with Gauss-Hermite nodes laid over it. In one dimension
this is marginal maximum likelihood (Bock & Aitkin, 1981) with adaptive quadrature (Schilling &
Bock, 2005). In more, the strands of a person meet through normal messages: expectation
propagation (Minka, 2001).

By Fisher's identity the gradient of the log-likelihood by an item's parameters is the sum over its
answers of s = E[∂ log P(y | t)] under that posterior. The chance of the answer before it was seen
is π = 1 / E[1 / P(y | t)], so its Fisher information is s sᵀ π / (1 - π).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.engine.calibration.answers import Answers, Block
from lib.engine.calibration.people import (
    Population,
    Sites,
    Strands,
    posteriors,
    within_bounds,
)
from lib.engine.normal import FloatArray

NODES = 11
"""Per strand. They follow the posterior, so that few are enough."""

NARROWEST = 0.1
"""Of the variance that the nodes were laid for: moments between two nodes cannot be trusted."""

_X, _W = np.polynomial.hermite_e.hermegauss(NODES)
_LOG_WEIGHT = np.log(_W / _W.sum()) + 0.5 * _X**2

_SURE = 1e-6  # π stays this far from 0 and 1, so that no weight is infinite
_FARTHEST = 60.0  # logits; beyond, single precision has no exponential
_UPPER = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))

Nodes = NDArray[np.float32]
"""Values at nodes: single precision is a million times finer than the sampling error."""


@dataclass(frozen=True, eq=False)
class Curves:
    """The items' curves c + (1 - c) / (1 + exp(-a (t - b))), each array of shape (n,)."""

    slope: FloatArray
    location: FloatArray
    guessing: FloatArray


@dataclass(frozen=True, eq=False)
class Sweep:
    """What one sweep yields; derivatives are by (log a, b, c).

    Attributes:
        sites: New sites.
        score: Gradient of the log-likelihood, shape (n, 3).
        information: Shape (n, 3, 3).
        takers_mean, takers_variance: Of t among those who answered the item, shape (n,).
        population: Moments of the posteriors that the new sites give.
        log_likelihood: Of all answers under the old sites, nats.
    """

    sites: Sites
    score: FloatArray
    information: FloatArray
    takers_mean: FloatArray
    takers_variance: FloatArray
    population: Population
    log_likelihood: float


@dataclass(frozen=True, eq=False)
class _Tilted:
    """The posterior along each strand of a block: weights at its nodes and moments."""

    weights: Nodes
    mean: FloatArray
    variance: FloatArray
    log_evidence: FloatArray


def sweep(
    answers: Answers,
    sites: Sites,
    curves: Curves,
    correlation: FloatArray,
    damping: float = 1.0,
) -> Sweep:
    """Integrate every strand once.

    Args:
        answers: Everybody's answers.
        sites: `Sites.none` or those of the last sweep.
        curves: The items as they are believed to be now.
        correlation: Covariance of θ in the population, whose mean is 0, shape (k, k).
        damping: How much of the way the sites go, 0 to 1.
    """
    n = len(curves.slope)
    sites = within_bounds(answers, sites, correlation)
    strands, population = posteriors(answers, sites, correlation)
    sums = np.zeros((12, n))
    mean, variance = np.empty_like(strands.mean), np.empty_like(strands.mean)
    log_likelihood = population.log_volume - _site_volume(sites, strands)
    for block in answers.blocks:
        tilted, per_answer = _integrate(block, strands, curves)
        mean[block.strands], variance[block.strands] = tilted.mean, tilted.variance
        log_likelihood += float(tilted.log_evidence.sum())
        items = block.items.ravel()
        for place, row in enumerate(_per_item(block, tilted, per_answer)):
            sums[place] += np.bincount(items, row.ravel(), minlength=n)
    precision = 1.0 / variance - 1.0 / strands.cavity_variance
    shift = mean / variance - strands.cavity_mean / strands.cavity_variance
    moved = Sites(
        sites.precision + damping * (precision - sites.precision),
        sites.shift + damping * (shift - sites.shift),
    )
    # A right answer far below b is rare but bends the likelihood of c sharply: steps need what was
    # seen, not what was expected.
    sums[8] = np.maximum(sums[8], sums[9])
    count = np.maximum(answers.per_item, 1)
    takers = sums[10] / count
    return Sweep(
        moved,
        sums[:3].T.copy(),
        _symmetric(sums[3:9]),
        takers,
        sums[11] / count - takers**2,
        posteriors(answers, within_bounds(answers, moved, correlation), correlation)[1],
        log_likelihood,
    )


def _integrate(block: Block, strands: Strands, curves: Curves) -> tuple[_Tilted, FloatArray]:
    """Return the posterior along each strand, and s and π of each answer, (4, s, l).

    With S the logistic curve in the direction of the answer, z = ± a (t - b), the chance of the
    answer is floor + (1 - c) S, with the floor c under right answers only. All derivatives follow
    from E[Q] and E[S Q], Q = (1 - S) / chance.
    """
    a, b, c = (row[block.items] for row in (curves.slope, curves.location, curves.guessing))
    sign = np.where(block.correct, 1.0, -1.0)
    t = _nodes(block, strands)
    away = np.exp(_logits(-sign * a, b, t))
    curve = 1.0 / (1.0 + away)
    # Padding has chance 1 wherever t is.
    chance = _column((1.0 - c) * block.given) * curve
    chance += _column(np.where(block.correct, c, 1.0 - block.given))
    tilted = _posterior(block, t, np.log(chance), strands)
    away *= curve  # 1 - S, exact where S is nearly 1
    away /= chance
    q = (away @ tilted.weights[:, :, None])[:, :, 0].astype(float)
    curve *= away
    moments = curve @ np.stack([tilted.weights, tilted.weights * t], axis=2)
    level, lever = np.moveaxis((sign * (1.0 - c))[:, :, None] * moments, 2, 0)
    certain = np.where(block.correct, 1.0, 1.0 / (1.0 - c)) * (1.0 + (1.0 - c) * q)
    by_guessing = np.where(block.correct, q, -1.0 / (1.0 - c))
    chance_before = np.clip(1.0 / certain, _SURE, 1.0 - _SURE)
    return tilted, np.stack([a * (lever - b * level), -a * level, by_guessing, chance_before])


def _nodes(block: Block, strands: Strands) -> Nodes:
    """Return t at the nodes of each strand, (s, nodes)."""
    spread = np.sqrt(strands.variance[block.strands, None])
    return (strands.mean[block.strands, None] + spread * _X).astype(np.float32)


def _logits(slope: FloatArray, location: FloatArray, t: Nodes) -> Nodes:
    """Return slope (t - location) of each answer at the nodes, (s, l, nodes)."""
    z = _column(slope) * t[:, None, :]
    z -= _column(slope * location)
    return np.clip(z, -_FARTHEST, _FARTHEST, out=z)


def _column(values: FloatArray) -> Nodes:
    return values.astype(np.float32)[:, :, None]


def _posterior(block: Block, t: Nodes, seen: Nodes, strands: Strands) -> _Tilted:
    """Weigh the nodes by the cavity and by the log chances of the answers."""
    mean = strands.cavity_mean[block.strands, None]
    variance = strands.cavity_variance[block.strands, None]
    laid = strands.variance[block.strands, None]
    log_weight = seen.sum(axis=1, dtype=float) + _LOG_WEIGHT
    log_weight += 0.5 * (np.log(laid / variance) - (t - mean) ** 2 / variance)
    top = log_weight.max(axis=1, keepdims=True)
    weight: FloatArray = np.exp(log_weight - top)
    total = weight.sum(axis=1, keepdims=True)
    weight /= total
    centre = (weight * t).sum(axis=1)
    spread = (weight * (t - centre[:, None]) ** 2).sum(axis=1)
    return _Tilted(
        weight.astype(np.float32),
        centre,
        np.maximum(spread, NARROWEST * laid[:, 0]),
        (top + np.log(total))[:, 0],
    )


def _per_item(block: Block, tilted: _Tilted, per_answer: FloatArray) -> Iterator[FloatArray]:
    """Yield, per answer: scores, upper triangle of information, curvature by c, moments of t."""
    *score, chance = per_answer
    score = [row * block.given for row in score]
    yield from score
    weight = chance / (1.0 - chance)
    for i, j in _UPPER:
        yield weight * score[i] * score[j]
    yield score[2] ** 2
    yield tilted.mean[:, None] * block.given
    yield (tilted.variance + tilted.mean**2)[:, None] * block.given


def _site_volume(sites: Sites, strands: Strands) -> float:
    """Return Σ log ∫ N(t; cavity) site dt, which the evidence of the strands takes the place of."""
    spread = 1.0 + sites.precision * strands.cavity_variance
    joint = (strands.cavity_mean + sites.shift * strands.cavity_variance) ** 2 / spread
    fit = (joint - strands.cavity_mean**2) / strands.cavity_variance
    return float(0.5 * (fit - np.log(spread)).sum())


def _symmetric(upper: FloatArray) -> FloatArray:
    """Return (n, 3, 3) matrices from the rows of their upper triangles, shape (6, n)."""
    full = np.empty((upper.shape[1], 3, 3))
    for row, (i, j) in zip(upper, _UPPER, strict=True):
        full[:, i, j] = full[:, j, i] = row
    return full
