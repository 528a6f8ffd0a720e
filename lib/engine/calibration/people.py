"""Everybody's normal posterior, and what it says along each strand.

A strand is stood in for by a *site*, the normal factor exp(-τt²/2 + ηt). Prior and sites together
give each person a normal posterior. Taking one strand's site out leaves its *cavity*: what the
population and the person's other strands say about t (Minka, 2001).
"""

from dataclasses import dataclass

import numpy as np

from lib.engine.calibration.answers import Answers
from lib.engine.calibration.crowds import crowds, posterior_of
from lib.engine.normal import FloatArray

WIDENING = 0.9
"""Share of the prior's smallest precision that strands of lucky guesses may take away."""


@dataclass(frozen=True, eq=False)
class Sites:
    """τ and η of each strand, both of shape (strands,)."""

    precision: FloatArray
    shift: FloatArray

    @classmethod
    def none(cls, answers: Answers) -> "Sites":
        """Return the sites to begin with: no strand says anything yet."""
        return cls(np.zeros(len(answers.person)), np.zeros(len(answers.person)))

    def rescaled(self, answers: Answers, mean: FloatArray, log_spread: FloatArray) -> "Sites":
        """Return the same sites for θ' with θ = mean + spread θ', both of shape (k,)."""
        shift, factor = answers.directions @ mean, np.exp(answers.directions**2 @ log_spread)
        return Sites(self.precision * factor**2, (self.shift - self.precision * shift) * factor)


@dataclass(frozen=True, eq=False)
class Population:
    """What the people look like together.

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
class Strands:
    """Means and variances of t along each strand, each of shape (strands,).

    Attributes:
        mean, variance: By all a person's answers.
        cavity_mean, cavity_variance: Without the strand's own.
    """

    mean: FloatArray
    variance: FloatArray
    cavity_mean: FloatArray
    cavity_variance: FloatArray


def posteriors(
    answers: Answers, sites: Sites, correlation: FloatArray
) -> tuple[Strands, Population]:
    """Return what prior and sites say about each strand and about all people."""
    k = len(correlation)
    mean, variance = np.empty(len(answers.person)), np.empty(len(answers.person))
    total_mean, moment, total_covariance = np.zeros(k), np.zeros((k, k)), np.zeros((k, k))
    log_volume = 0.0
    for rows in crowds(answers.person, k):
        found = posterior_of(
            answers.directions[rows], sites.precision[rows], sites.shift[rows], correlation
        )
        mean[rows], variance[rows] = found.mean, found.variance
        total_mean += found.ability.sum(axis=0)
        moment += found.ability.T @ found.ability
        total_covariance += found.covariance
        log_volume += found.log_volume
    without = variance / (1.0 - sites.precision * variance)
    return (
        Strands(mean, variance, without * (mean / variance - sites.shift), without),
        Population(total_mean, moment + total_covariance, total_covariance, log_volume),
    )


def within_bounds(answers: Answers, sites: Sites, correlation: FloatArray) -> Sites:
    """Return sites that leave every posterior a proper one.

    A lucky guess can make a posterior wider than the prior: its site is negative. The negative
    sites of one person together may take `WIDENING` of the prior's smallest precision.
    """
    negative = np.minimum(sites.precision, 0.0)
    if not negative.any():
        return sites
    allowed = WIDENING / float(np.linalg.eigvalsh(correlation)[-1])
    total = -np.bincount(answers.person, negative, minlength=answers.people)
    factor = np.minimum(1.0, allowed / np.maximum(total, 1e-12))[answers.person]
    return Sites(sites.precision + (factor - 1.0) * negative, sites.shift)
