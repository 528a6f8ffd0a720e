"""From the latent scale to the one that students see, and back."""

import numpy as np
from numpy.typing import ArrayLike

from lib.engine.normal import FloatArray, normal_cdf, normal_quantile


def percentile(mean: ArrayLike, variance: ArrayLike) -> FloatArray:
    """Return the expected percentile E[Φ(θ)] = Φ(m / √(1 + v)), the product's `proficiency`."""
    return normal_cdf(np.asarray(mean, float) / np.sqrt(1.0 + np.asarray(variance, float)))


def latent_mean(proficiency: ArrayLike, variance: ArrayLike) -> FloatArray:
    """Return the posterior mean m whose `percentile` is `proficiency`; 0 and 1 are read as 1e-9."""
    return normal_quantile(np.clip(proficiency, 1e-9, 1 - 1e-9)) * np.sqrt(
        1.0 + np.asarray(variance, float)
    )


def confidence(variance: ArrayLike) -> FloatArray:
    """Return 1 - v, held between 0 and 1: the share of the population's variance explained."""
    return np.clip(1.0 - np.asarray(variance, float), 0.0, 1.0)
