"""Exact Bayesian posteriors by importance sampling, for any number of concepts.

It shares no numerical code with lib.engine. The points are a scrambled Sobol sequence. After every
answer, they are mapped to a normal proposal a little wider than the posterior and weighted by prior
times likelihood over the density of the proposal. In five dimensions, means from 1,024 points
are accurate to about 0.0014, as benchmarks/engine_quality.py prints; those from as many independent
draws would be accurate to 0.015.

With steep items, guessing makes tails that these points cover badly. Use it for banks without
guessing, or with ordinary slopes.

Source: Owen (2023), Practical Quasi-Monte Carlo Integration, chs. 5 and 17.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special
from scipy.stats import qmc

from lib.engine import ItemBank

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]

PROPOSAL_SCALE = 1.2
"""Ratio of the proposal's standard deviations to the posterior's, above 1 to cover the tails."""

LARGEST_LOGIT = np.float32(80.0)  # exp(88) is the largest in single precision


class Cloud(NamedTuple):
    """Weighted sample of a posterior."""

    theta: FloatArray  # (m, k)
    weight: FloatArray  # (m,), sums to 1
    p_correct: SingleArray  # (m, n): P(correct) of every item at every point

    @property
    def mean(self) -> FloatArray:
        return np.asarray(self.weight @ self.theta)

    @property
    def covariance(self) -> FloatArray:
        deviations = self.theta - self.mean
        return np.asarray((deviations * self.weight[:, None]).T @ deviations)

    @property
    def variance(self) -> FloatArray:
        return np.diagonal(self.covariance)

    def expected_fall(self) -> FloatArray:
        """Return the expected fall of the sum of the variances for each item, shape (n,).

        It is Σⱼ Cov(θⱼ, P)² / (E P (1 - E P)).
        """
        weighted = np.column_stack([self.weight, self.theta * self.weight[:, None]])
        mean_p_correct, *moments = weighted.T.astype(np.float32) @ self.p_correct
        covariance_with_answer = np.array(moments) - np.outer(self.mean, mean_p_correct)
        return np.asarray(
            np.square(covariance_with_answer).sum(axis=0)
            / (mean_p_correct * (1.0 - mean_p_correct)),
            float,
        )

    def mass_within(self, low: FloatArray, high: FloatArray) -> FloatArray:
        """Return the probability that each ability lies between two bounds, shape (k,)."""
        return np.asarray(self.weight @ ((self.theta >= low) & (self.theta <= high)))


class Particles:
    """Posteriors for the prior N(mean, covariance), whose covariance is positive definite."""

    def __init__(
        self, bank: ItemBank, mean: ArrayLike, covariance: ArrayLike, points: int, seed: int = 0
    ) -> None:
        self.bank = bank
        self.mean, self.covariance = np.asarray(mean, float), np.asarray(covariance, float)
        self.precision = np.linalg.inv(self.covariance)
        sobol = qmc.Sobol(bank.concepts, rng=np.random.default_rng(seed))
        self.z = PROPOSAL_SCALE * special.ndtri(sobol.random(points))
        self.columns = [
            np.ascontiguousarray(part, np.float32)
            for part in (bank.slopes.T, bank.intercepts, bank.guessing)
        ]

    def start(self) -> Cloud:
        """Return the sample of the prior."""
        return self._around(self.mean, self.covariance, [], [])

    def after(self, before: Cloud, items: Sequence[int], correct: Sequence[bool]) -> Cloud:
        """Return the posterior given all answers.

        `before` is the posterior without the last answer; reweighted by that answer, it gives mean
        and covariance of the proposal.
        """
        last = before.p_correct[:, items[-1]].astype(float)
        weight = before.weight * (last if correct[-1] else 1.0 - last)
        reweighted = before._replace(weight=weight / weight.sum())
        return self._around(reweighted.mean, reweighted.covariance, items, correct)

    def path(self, items: Sequence[int], correct: Sequence[bool]) -> list[Cloud]:
        """Return the posterior after each answer."""
        clouds = [self.start()]
        for t in range(1, len(items) + 1):
            clouds.append(self.after(clouds[-1], items[:t], correct[:t]))
        return clouds[1:]

    def _around(
        self,
        centre: FloatArray,
        spread: FloatArray,
        items: Sequence[int],
        correct: Sequence[bool],
    ) -> Cloud:
        theta = centre + self.z @ np.linalg.cholesky(spread).T
        log_likelihood = self._log_likelihood(theta, np.array(items, int), np.array(correct, bool))
        deviations = theta - self.mean
        log_prior = -0.5 * ((deviations @ self.precision) * deviations).sum(axis=1)
        log_proposal = -0.5 * np.square(self.z / PROPOSAL_SCALE).sum(axis=1)
        log_weight = log_likelihood + log_prior - log_proposal
        weight = np.exp(log_weight - log_weight.max())
        return Cloud(theta, weight / weight.sum(), self._p_correct(theta))

    def _p_correct(self, theta: FloatArray) -> SingleArray:
        slopes, intercepts, guessing = self.columns
        x = theta.astype(np.float32) @ slopes
        x += intercepts
        np.exp(np.minimum(np.negative(x, out=x), LARGEST_LOGIT, out=x), out=x)
        x += np.float32(1.0)
        np.reciprocal(x, out=x)
        if guessing.any():
            x *= np.float32(1.0) - guessing
            x += guessing
        return x

    def _log_likelihood(
        self, theta: FloatArray, items: NDArray[np.int_], correct: NDArray[np.bool_]
    ) -> FloatArray:
        """Return log P(answers | θ) of every point, in double precision."""
        x = theta @ self.bank.slopes[items].T + self.bank.intercepts[items]
        c = self.bank.guessing[items]
        right = c + (1.0 - c) * special.expit(x)
        wrong = (1.0 - c) * special.expit(-x)
        return np.asarray(np.log(np.where(correct, right, wrong)).sum(axis=1))
