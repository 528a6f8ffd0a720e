"""Conversion between the latent scale and the percentiles that students see."""

import numpy as np
from numpy.typing import ArrayLike

from .normal import FloatArray, normal_cdf, normal_quantile


def percentile(mean: ArrayLike, variance: ArrayLike) -> FloatArray:
    """Return the proficiency, the expected percentile E[Φ(θ)] = Φ(m / √(1 + v)).

    Args:
        mean: Posterior means m, any shape.
        variance: Posterior variances v, of that shape or one number.
    """
    return normal_cdf(np.asarray(mean, float) / np.sqrt(1.0 + np.asarray(variance, float)))


def latent_mean(proficiency: ArrayLike, variance: ArrayLike) -> FloatArray:
    """Return the posterior mean m for which `percentile` gives `proficiency`.

    Proficiencies are clipped to 1e-9 from 0 and 1.
    """
    return normal_quantile(np.clip(proficiency, 1e-9, 1 - 1e-9)) * np.sqrt(
        1.0 + np.asarray(variance, float)
    )


def confidence(variance: ArrayLike) -> FloatArray:
    """Return the explained share of the population's variance: 1 - v, clipped to 0 and 1."""
    return np.clip(1.0 - np.asarray(variance, float), 0.0, 1.0)
