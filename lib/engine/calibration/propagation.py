"""One sweep over all answers: scores and information of each item, and new sites.

Along a strand with the direction u, t = u · θ. The posterior of t is the strand's normal cavity
times the response curves of the strand's answers. It is integrated numerically, with Gauss-Hermite
nodes that follow the posterior. In one dimension this is marginal maximum likelihood (Bock &
Aitkin, 1981) with adaptive quadrature (Schilling & Bock, 2005). In more dimensions a person's
strands exchange normal messages, which is expectation propagation (Minka, 2001).

By Fisher's identity the gradient of the log-likelihood with respect to an item's parameters is the
sum over its answers of s = E[∂ log P(y | t)] under that posterior. The probability of an answer
given the person's other answers is π = 1 / E[1 / P(y | t)], so its Fisher information is
s sᵀ π / (1 - π).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..normal import FloatArray
from .answers import Answers, Block
from .person_posteriors import (
    Population,
    Sites,
    StrandMarginals,
    posteriors,
    within_bounds,
)

NODES = 11
"""Number of nodes per strand; few are enough, since they follow the posterior."""

MIN_VARIANCE_RATIO = 0.1
"""Smallest variance of a strand, relative to the variance for which its nodes were placed.

A narrower posterior falls between two nodes, and its moments are unreliable.
"""

_X, _W = np.polynomial.hermite_e.hermegauss(NODES)
_LOG_WEIGHT = np.log(_W / _W.sum()) + 0.5 * _X**2

_PROBABILITY_MARGIN = 1e-6  # distance of π from 0 and 1, so that no weight is infinite
_LARGEST_LOGIT = 60.0  # logits; keeps the exponential within single precision
_UPPER = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
_SCORE, _INFORMATION = slice(0, 3), slice(3, 9)
_GUESSING_INFORMATION, _GUESSING_CURVATURE, _T, _T_SQUARED = 8, 9, 10, 11
"""Rows of the sums over the answers to each item, in the order of `_per_item`.

`_GUESSING_INFORMATION` is the last row of `_INFORMATION`.
"""
_ROWS = 12

Nodes = NDArray[np.float32]
"""Values at nodes; single precision is a million times finer than the sampling error."""


@dataclass(frozen=True, eq=False)
class Curves:
    """Response curves c + (1 - c) / (1 + exp(-a (t - b))) of the items.

    Attributes:
        slope: Slopes a, logits per unit of t, shape (n,).
        location: Locations b, shape (n,).
        guessing: Guessing c, shape (n,).
    """

    slope: FloatArray
    location: FloatArray
    guessing: FloatArray


@dataclass(frozen=True, eq=False)
class Sweep:
    """Results of one sweep; derivatives are with respect to (log a, b, c).

    Attributes:
        sites: New sites.
        score: Gradient of the log-likelihood, shape (n, 3).
        information: Fisher information of each item, shape (n, 3, 3).
        respondent_mean: Mean of t among the people who answered the item, shape (n,).
        respondent_variance: Variance of t among them, shape (n,).
        population: Sums over the posteriors that result from the new sites.
        log_likelihood: Log-likelihood of all answers under the old sites, nats.
    """

    sites: Sites
    score: FloatArray
    information: FloatArray
    respondent_mean: FloatArray
    respondent_variance: FloatArray
    population: Population
    log_likelihood: float


@dataclass(frozen=True, eq=False)
class _Tilted:
    """Tilted distributions of the s strands of a block: cavity times likelihoods.

    Attributes:
        weights: Weights at the nodes, shape (s, nodes).
        mean: Means of t, shape (s,).
        variance: Variances of t, shape (s,).
        log_evidence: Logs of the normalising constants, shape (s,).
    """

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
        answers: The answers of all people.
        sites: Sites of the last sweep, or `Sites.zero` in the first.
        curves: Current response curves of the items.
        correlation: Covariance of θ in the population, whose mean is 0, shape (k, k).
        damping: Fraction of the change of the sites that is taken, 0 to 1.
    """
    n = len(curves.slope)
    sites = within_bounds(answers, sites, correlation)
    strands, population = posteriors(answers, sites, correlation)
    sums = np.zeros((_ROWS, n))
    mean, variance = np.empty_like(strands.mean), np.empty_like(strands.mean)
    log_likelihood = population.log_volume - _site_volume(sites, strands)
    for block in answers.blocks:
        tilted, per_answer = _integrate(block, strands, curves)
        mean[block.strands], variance[block.strands] = tilted.mean, tilted.variance
        log_likelihood += float(tilted.log_evidence.sum())
        items = block.items.ravel()
        for position, row in enumerate(_per_item(block, tilted, per_answer)):
            sums[position] += np.bincount(items, row.ravel(), minlength=n)
    precision = 1.0 / variance - 1.0 / strands.cavity_variance
    shift = mean / variance - strands.cavity_mean / strands.cavity_variance
    new_sites = Sites(
        sites.precision + damping * (precision - sites.precision),
        sites.shift + damping * (shift - sites.shift),
    )
    # A right answer far below b is rare, but adds much curvature in c: steps need the observed
    # information where it exceeds the expected.
    sums[_GUESSING_INFORMATION] = np.maximum(sums[_GUESSING_INFORMATION], sums[_GUESSING_CURVATURE])
    count = np.maximum(answers.per_item, 1)
    mean_of_t = sums[_T] / count
    return Sweep(
        sites=new_sites,
        score=sums[_SCORE].T.copy(),
        information=_symmetric(sums[_INFORMATION]),
        respondent_mean=mean_of_t,
        respondent_variance=sums[_T_SQUARED] / count - mean_of_t**2,
        population=posteriors(answers, within_bounds(answers, new_sites, correlation), correlation)[
            1
        ],
        log_likelihood=log_likelihood,
    )


def _integrate(
    block: Block, strands: StrandMarginals, curves: Curves
) -> tuple[_Tilted, FloatArray]:
    """Return each strand's tilted distribution, and each answer's score and π, shape (4, s, l).

    Let S be the logistic curve at z = a (t - b) for a right answer and -z for a wrong one. The
    probability of the answer is floor + (1 - c) S, the floor being c for a right answer and 0 for
    a wrong one. All derivatives follow from E[Q] and E[S Q] with Q = (1 - S) / probability.
    """
    a, b, c = (row[block.items] for row in (curves.slope, curves.location, curves.guessing))
    sign = np.where(block.correct, 1.0, -1.0)
    t = _nodes(block, strands)
    exp_minus_z = np.exp(_logits(-sign * a, b, t))
    curve = 1.0 / (1.0 + exp_minus_z)
    # Padding has probability 1 at every t.
    probability = _column((1.0 - c) * block.present) * curve
    probability += _column(np.where(block.correct, c, 1.0 - block.present))
    tilted = _posterior(block, t, np.log(probability), strands)
    exp_minus_z *= curve  # 1 - S, exact where S is nearly 1
    exp_minus_z /= probability
    q = (exp_minus_z @ tilted.weights[:, :, None])[:, :, 0].astype(float)
    curve *= exp_minus_z
    moments = curve @ np.stack([tilted.weights, tilted.weights * t], axis=2)
    level, level_times_t = np.moveaxis((sign * (1.0 - c))[:, :, None] * moments, 2, 0)
    inverse_probability = np.where(block.correct, 1.0, 1.0 / (1.0 - c)) * (1.0 + (1.0 - c) * q)
    guessing_score = np.where(block.correct, q, -1.0 / (1.0 - c))
    predictive_probability = np.clip(
        1.0 / inverse_probability, _PROBABILITY_MARGIN, 1.0 - _PROBABILITY_MARGIN
    )
    return tilted, np.stack(
        [a * (level_times_t - b * level), -a * level, guessing_score, predictive_probability]
    )


def _nodes(block: Block, strands: StrandMarginals) -> Nodes:
    """Return t at the nodes of each strand, shape (s, nodes)."""
    spread = np.sqrt(strands.variance[block.strands, None])
    return (strands.mean[block.strands, None] + spread * _X).astype(np.float32)


def _logits(slope: FloatArray, location: FloatArray, t: Nodes) -> Nodes:
    """Return slope · (t - location) of each answer at the nodes, shape (s, l, nodes)."""
    z = _column(slope) * t[:, None, :]
    z -= _column(slope * location)
    return np.clip(z, -_LARGEST_LOGIT, _LARGEST_LOGIT, out=z)


def _column(values: FloatArray) -> Nodes:
    return values.astype(np.float32)[:, :, None]


def _posterior(
    block: Block, t: Nodes, log_probabilities: Nodes, strands: StrandMarginals
) -> _Tilted:
    """Return the tilted distributions from the log probabilities of the answers at the nodes."""
    mean = strands.cavity_mean[block.strands, None]
    variance = strands.cavity_variance[block.strands, None]
    node_variance = strands.variance[block.strands, None]
    log_weight = log_probabilities.sum(axis=1, dtype=float) + _LOG_WEIGHT
    log_weight += 0.5 * (np.log(node_variance / variance) - (t - mean) ** 2 / variance)
    maximum = log_weight.max(axis=1, keepdims=True)
    weight: FloatArray = np.exp(log_weight - maximum)
    total = weight.sum(axis=1, keepdims=True)
    weight /= total
    centre = (weight * t).sum(axis=1)
    spread = (weight * (t - centre[:, None]) ** 2).sum(axis=1)
    return _Tilted(
        weights=weight.astype(np.float32),
        mean=centre,
        variance=np.maximum(spread, MIN_VARIANCE_RATIO * node_variance[:, 0]),
        log_evidence=(maximum + np.log(total))[:, 0],
    )


def _per_item(block: Block, tilted: _Tilted, per_answer: FloatArray) -> Iterator[FloatArray]:
    """Yield the values of each answer that are summed by item, each of shape (s, l).

    They are the scores, the upper triangle of the information, the observed curvature in c, and the
    first two moments of t.
    """
    *score, probability = per_answer
    score = [row * block.present for row in score]
    yield from score
    weight = probability / (1.0 - probability)
    for i, j in _UPPER:
        yield weight * score[i] * score[j]
    yield score[2] ** 2
    yield tilted.mean[:, None] * block.present
    yield (tilted.variance + tilted.mean**2)[:, None] * block.present


def _site_volume(sites: Sites, strands: StrandMarginals) -> float:
    """Return Σ log ∫ N(t; cavity) site dt, which the strands' exact evidence replaces."""
    spread = 1.0 + sites.precision * strands.cavity_variance
    joint = (strands.cavity_mean + sites.shift * strands.cavity_variance) ** 2 / spread
    fit = (joint - strands.cavity_mean**2) / strands.cavity_variance
    return float(0.5 * (fit - np.log(spread)).sum())


def _symmetric(upper: FloatArray) -> FloatArray:
    """Return symmetric matrices, shape (n, 3, 3), from their upper triangles, shape (6, n)."""
    full = np.empty((upper.shape[1], 3, 3))
    for row, (i, j) in zip(upper, _UPPER, strict=True):
        full[:, i, j] = full[:, j, i] = row
    return full
