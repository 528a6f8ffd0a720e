"""Normal posteriors of all people, and their marginals along each strand.

The likelihood of a strand with the direction u is a function of t = u · θ. It is approximated by a
*site*, the normal factor exp(-τt²/2 + ηt). The prior and a person's sites multiply to a normal
posterior. Dividing by one strand's site leaves its *cavity*, the distribution of t given the
population and the person's other strands (Minka, 2001).
"""

from dataclasses import dataclass

import numpy as np

from ..normal import FloatArray
from .answers import Answers
from .person_groups import equal_groups, group_posterior

WIDENING = 0.9
"""Largest total of a person's negative site precisions, in units of the prior's least precision."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Sites of all strands.

    Attributes:
        precision: Precision τ of each site, shape (strands,).
        shift: Shift η of each site, shape (strands,).
    """

    precision: FloatArray
    shift: FloatArray

    @classmethod
    def zero(cls, answers: Answers) -> "Sites":
        """Return the initial sites, with τ = η = 0 for every strand."""
        return cls(np.zeros(len(answers.person)), np.zeros(len(answers.person)))

    def rescaled(self, answers: Answers, mean: FloatArray, log_spread: FloatArray) -> "Sites":
        """Return the same sites as functions of θ', where θ = mean + exp(log_spread) θ'.

        Args:
            answers: The answers to which the sites belong.
            mean: Shift of each ability, shape (k,).
            log_spread: Log of each ability's scale factor, shape (k,).
        """
        shift, factor = answers.directions @ mean, np.exp(answers.directions**2 @ log_spread)
        return Sites(self.precision * factor**2, (self.shift - self.precision * shift) * factor)


@dataclass(frozen=True, eq=False)
class Population:
    """Sums over the posteriors N(m, V) of all people.

    Attributes:
        mean: Σ m, shape (k,).
        second_moment: Σ (V + m mᵀ), shape (k, k).
        covariance: Σ V, shape (k, k).
        log_volume: Σ (log |V| - log |R| + mᵀ V⁻¹ m) / 2, a part of the log-likelihood.
    """

    mean: FloatArray
    second_moment: FloatArray
    covariance: FloatArray
    log_volume: float


@dataclass(frozen=True, eq=False)
class StrandMarginals:
    """Means and variances of t along each strand, each of shape (strands,).

    Attributes:
        mean: Posterior mean, given all of the person's answers.
        variance: Posterior variance, given all of the person's answers.
        cavity_mean: Mean without the strand's own site.
        cavity_variance: Variance without the strand's own site.
    """

    mean: FloatArray
    variance: FloatArray
    cavity_mean: FloatArray
    cavity_variance: FloatArray


def posteriors(
    answers: Answers, sites: Sites, correlation: FloatArray
) -> tuple[StrandMarginals, Population]:
    """Return the marginals along each strand, and the sums over all people's posteriors."""
    k = len(correlation)
    mean, variance = np.empty(len(answers.person)), np.empty(len(answers.person))
    total_mean, moment, total_covariance = np.zeros(k), np.zeros((k, k)), np.zeros((k, k))
    log_volume = 0.0
    for rows in equal_groups(answers.person, k):
        group = group_posterior(
            answers.directions[rows], sites.precision[rows], sites.shift[rows], correlation
        )
        mean[rows], variance[rows] = group.mean, group.variance
        total_mean += group.ability.sum(axis=0)
        moment += group.ability.T @ group.ability
        total_covariance += group.covariance
        log_volume += group.log_volume
    cavity_variance = variance / (1.0 - sites.precision * variance)
    marginals = StrandMarginals(
        mean=mean,
        variance=variance,
        cavity_mean=cavity_variance * (mean / variance - sites.shift),
        cavity_variance=cavity_variance,
    )
    population = Population(
        mean=total_mean,
        second_moment=moment + total_covariance,
        covariance=total_covariance,
        log_volume=log_volume,
    )
    return marginals, population


def within_bounds(answers: Answers, sites: Sites, correlation: FloatArray) -> Sites:
    """Return the sites, reduced where needed to keep every person's posterior proper.

    A lucky guess can widen a posterior; the site of its strand then has a negative precision.
    The negative precisions of one person may sum to `WIDENING` of the prior's smallest precision.
    """
    negative = np.minimum(sites.precision, 0.0)
    if not negative.any():
        return sites
    allowed = WIDENING / float(np.linalg.eigvalsh(correlation)[-1])
    total = -np.bincount(answers.person, negative, minlength=answers.people)
    factor = np.minimum(1.0, allowed / np.maximum(total, 1e-12))[answers.person]
    return Sites(sites.precision + (factor - 1.0) * negative, sites.shift)
