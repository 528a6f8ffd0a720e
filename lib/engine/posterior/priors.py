"""Priors: from the population, and from a student's earlier tests."""

import numpy as np
from numpy.typing import ArrayLike

from ..checks import finite
from ..normal import FloatArray
from .posterior import Posterior

HALF_LIFE_DAYS = 180.0
"""Days in which the explained share of the variance, 1 - v, halves; chosen, not measured."""

PRIOR_STUDENTS = 30.0
"""Weight of the assumption that concepts are uncorrelated, in students."""

_MAX_ITERATIONS = 100
_TOLERANCE = 1e-6


def aged(
    mean: ArrayLike, variance: ArrayLike, elapsed_days: float
) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of each ability after some time without a test.

    Ability is modelled as an Ornstein-Uhlenbeck process with the population N(0, 1) as its
    stationary distribution: with r = 2^(-days / half-life), m becomes √r m and v becomes
    1 - r (1 - v). After years without a test the result is the population again.

    Args:
        mean: Posterior means at the last test, shape (k,).
        variance: Posterior variances at the last test, shape (k,).
        elapsed_days: Days since then; negative values count as 0.

    Returns:
        Means and variances, each of shape (k,).

    Raises:
        ValueError: If a number is not finite or a variance is negative.
    """
    m, v = finite("mean", mean), finite("variance", variance)
    if (v < 0).any():
        raise ValueError("variance must be 0 or more")
    if not np.isfinite(elapsed_days):
        raise ValueError("elapsed_days must be finite")
    retained = 2.0 ** (-max(elapsed_days, 0.0) / HALF_LIFE_DAYS)
    return np.sqrt(retained) * m, 1.0 - retained * (1.0 - v)


def prior_from_record(
    mean: ArrayLike,
    variance: ArrayLike,
    elapsed_days: float = 0.0,
    correlation: ArrayLike | None = None,
) -> Posterior:
    """Return the prior of a student whose means and variances were recorded some time ago.

    Means and variances are first aged (see `aged`). Of all normal distributions with these values,
    the prior is the one with the smallest Kullback-Leibler divergence from the population. Thus a
    well-measured concept hardly informs about the others, while a concept that was barely measured
    keeps the population's correlations.

    Args:
        mean: Posterior means at the last test, shape (k,); `latent_mean` converts proficiencies.
        variance: Posterior variances at the last test, shape (k,).
        elapsed_days: Days since then.
        correlation: Correlations of abilities in the population, shape (k, k); I when None.
    """
    m, v = aged(mean, variance, elapsed_days)
    v = np.maximum(v, 1e-6)
    if correlation is None:
        return Posterior.prior(len(m), m, np.diag(v))
    return Posterior.prior(len(m), m, _with_variances(np.array(correlation, float), v))


def _with_variances(covariance: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the matrix with the diagonal `variance` that is nearest to `covariance`.

    Iterative proportional scaling: each step multiplies the density by a ratio of two normal
    densities of one variable, a change of rank one (Speed & Kiiveri, 1986, Annals of Statistics).
    """
    for _ in range(_MAX_ITERATIONS):
        for j, target in enumerate(variance):
            column = covariance[:, j] / covariance[j, j]
            covariance = covariance + np.outer(column, column) * (target - covariance[j, j])
        if np.abs(np.diagonal(covariance) - variance).max(initial=0.0) < _TOLERANCE:
            break
    scale = np.sqrt(variance / np.diagonal(covariance))
    return np.asarray(covariance * np.outer(scale, scale))


def population_correlation(
    means: ArrayLike, covariances: ArrayLike, prior_covariance: ArrayLike | None = None
) -> FloatArray:
    """Return the correlations of concepts in the population, estimated from tests and shrunk.

    Expectation maximisation: a student's likelihood is the posterior divided by its prior, and the
    population's covariance is the mean of (covariance + mean meanᵀ) over the posteriors that result
    from it. `PRIOR_STUDENTS` additional students without correlation shrink the estimate. The
    diagonal is rescaled to 1, the variance of each ability in the population.

    Args:
        means: Posterior means, shape (m, k), one row per student.
        covariances: Posterior covariances, shape (m, k, k); or variances, shape (m, k).
        prior_covariance: Covariance of the prior of all these tests, shape (k, k); I when None.

    Returns:
        Shape (k, k), positive definite, with a unit diagonal; a covariance for `Posterior.prior`.

    Raises:
        ValueError: If a mean or covariance is not finite.
    """
    mean = np.array(finite("means", means), ndmin=2)
    count, k = mean.shape
    spread = np.array(finite("covariances", covariances))
    if spread.ndim == mean.ndim:
        spread = spread[:, :, None] * np.eye(k)
    start = np.linalg.inv(np.eye(k) if prior_covariance is None else np.array(prior_covariance))
    precision = np.linalg.inv(spread)
    shift = (precision @ mean[:, :, None])[:, :, 0]  # the prior's mean is 0
    population = np.eye(k)
    for _ in range(_MAX_ITERATIONS):
        posterior = np.linalg.inv(precision - start + np.linalg.inv(population))
        centre = (posterior @ shift[:, :, None])[:, :, 0]
        total = posterior.sum(axis=0) + centre.T @ centre + PRIOR_STUDENTS * np.eye(k)
        previous, population = population, _correlation(total / (count + PRIOR_STUDENTS))
        if np.abs(population - previous).max() < _TOLERANCE:
            break
    return population


def _correlation(covariance: FloatArray) -> FloatArray:
    scale = np.sqrt(np.diagonal(covariance))
    correlation = covariance / np.outer(scale, scale)
    return np.asarray(0.5 * (correlation + correlation.T))
