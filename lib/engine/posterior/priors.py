"""Where a student starts: the population, and what was known of the student before."""

import numpy as np
from numpy.typing import ArrayLike

from lib.engine.normal import FloatArray
from lib.engine.posterior.posterior import Posterior

HALF_LIFE_DAYS = 180.0
"""Days in which half of what was known is lost: 1 - v halves. Chosen, not measured."""

PRIOR_STUDENTS = 30.0
"""How many students' worth of evidence says that concepts are uncorrelated."""

_PASSES = 100
_SETTLED = 1e-6


def aged(
    mean: ArrayLike, variance: ArrayLike, elapsed_days: float
) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of each ability after some time without a test.

    Ability is taken to drift as a stationary process over the population N(0, 1) (Ornstein and
    Uhlenbeck's): with r = 2^(-days / half-life), m becomes √r m and v becomes 1 - r (1 - v).
    Calibration is kept: a student unheard of for years is again a student unknown.

    Args:
        mean: Shape (k,).
        variance: Shape (k,).
        elapsed_days: At least 0; less counts as 0.
    """
    kept = 2.0 ** (-max(elapsed_days, 0.0) / HALF_LIFE_DAYS)
    return np.sqrt(kept) * np.asarray(mean, float), 1.0 - kept * (1.0 - np.asarray(variance, float))


def prior_from_record(
    mean: ArrayLike,
    variance: ArrayLike,
    elapsed_days: float = 0.0,
    correlation: ArrayLike | None = None,
) -> Posterior:
    """Return the prior of a student whose means and variances were recorded some time ago.

    Of all normal distributions with those (aged) means and variances it is the one nearest to the
    population (least Kullback-Leibler divergence), so that a concept measured well says little
    about the others and one hardly measured still says what the population's correlations say.

    Args:
        mean: Posterior means at the last test, shape (k,); see `latent_mean` for proficiencies.
        variance: Posterior variances then, shape (k,).
        elapsed_days: Time since.
        correlation: Of the population, shape (k, k); none when None.
    """
    m, v = aged(mean, variance, elapsed_days)
    v = np.maximum(v, 1e-6)
    if correlation is None:
        return Posterior.prior(len(m), m, np.diag(v))
    return Posterior.prior(len(m), m, _with_variances(np.array(correlation, float), v))


def _with_variances(covariance: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the covariance nearest to the given one whose diagonal is `variance`.

    Iterative proportional scaling: each step multiplies the density by a ratio of two normal
    densities of one variable, a change of rank one (Speed & Kiiveri, 1986, Annals of Statistics).
    """
    for _ in range(_PASSES):
        for j, wanted in enumerate(variance):
            column = covariance[:, j] / covariance[j, j]
            covariance = covariance + np.outer(column, column) * (wanted - covariance[j, j])
        if np.abs(np.diagonal(covariance) - variance).max(initial=0.0) < _SETTLED:
            break
    scale = np.sqrt(variance / np.diagonal(covariance))
    return np.asarray(covariance * np.outer(scale, scale))


def population_prior(
    means: ArrayLike, covariances: ArrayLike, prior_covariance: ArrayLike | None = None
) -> FloatArray:
    """Return the correlations of concepts in the population, learned from tests and shrunk.

    Expectation maximisation: each student's evidence is the posterior with its prior taken out;
    the population's covariance is the mean of (covariance + mean meanᵀ) under the posterior that
    it would give, as if `PRIOR_STUDENTS` more students had shown no correlation. The diagonal is
    brought back to 1, the scale of the product.

    Args:
        means: Posterior means, shape (m, k), one row per student.
        covariances: Posterior covariances, shape (m, k, k); or variances, shape (m, k).
        prior_covariance: The prior all of them started from, shape (k, k); I when None.

    Returns:
        Shape (k, k), positive definite, ones on the diagonal: a `Posterior.prior` covariance.
    """
    mean = np.array(means, float, ndmin=2)
    count, k = mean.shape
    spread = np.array(covariances, float)
    if spread.ndim == mean.ndim:
        spread = spread[:, :, None] * np.eye(k)
    start = np.linalg.inv(np.eye(k) if prior_covariance is None else np.array(prior_covariance))
    precision = np.linalg.inv(spread)
    shift = (precision @ mean[:, :, None])[:, :, 0]  # the prior's mean is 0
    population = np.eye(k)
    for _ in range(_PASSES):
        posterior = np.linalg.inv(precision - start + np.linalg.inv(population))
        centre = (posterior @ shift[:, :, None])[:, :, 0]
        total = posterior.sum(axis=0) + centre.T @ centre + PRIOR_STUDENTS * np.eye(k)
        before, population = population, _correlation(total / (count + PRIOR_STUDENTS))
        if np.abs(population - before).max() < _SETTLED:
            break
    return population


def _correlation(covariance: FloatArray) -> FloatArray:
    scale = np.sqrt(np.diagonal(covariance))
    correlation = covariance / np.outer(scale, scale)
    return np.asarray(0.5 * (correlation + correlation.T))
