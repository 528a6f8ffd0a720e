"""What two guessed answers say together, beyond what each says alone.

The marginals of lib.engine.marginals multiply E[ratioᵢ | θⱼ] as if the ratios were uncorrelated.
For two answers the mean of the product is, by Mehler's expansion in Hermite polynomials,

    E[ratioᵢ ratioₖ] = E[ratioᵢ] E[ratioₖ] (1 + Σ_l rᵢₖ^l c_l(i) c_l(k) / l!),

rᵢₖ the correlation of uᵢ and uₖ given θⱼ and c_l the l-th Hermite coefficient of a ratio over its
mean. The first two terms over all pairs are added to the log density. They matter where guessing
makes likelihoods bend both ways; without it they would change less than 0.001.

Source: Opper, Paquet & Winther (2013), JMLR 14, section 4 (second-order terms).
"""

import numpy as np

from lib.engine.normal import FloatArray, total_over

_SMALLEST = 1e-9  # variance, logits²


def pair_terms(
    tilted: FloatArray, offset: FloatArray, share: FloatArray, covariance: FloatArray
) -> FloatArray:
    """Return Σ over pairs of r c₁c₁ + r² c₂c₂ / 2 at each grid point, shape (j, g).

    Args:
        tilted: E[f], E[f ζ] and E[f ζ²] of each likelihood f, ζ the standardised cavity of uᵢ
            given θⱼ, shape (3, j, t, g).
        offset: τᵢ uᵢ - ηᵢ at the mean of uᵢ given θⱼ, shape (j, t, g).
        share: Variance of uᵢ given θⱼ over that of its cavity, shape (j, t).
        covariance: Of u given θⱼ, shape (j, t, t).
    """
    total, first, second = tilted
    first = first / total
    second = second / total
    t = covariance.shape[-1]
    variance = np.maximum(covariance[:, np.arange(t), np.arange(t)], _SMALLEST)
    deviation = np.sqrt(variance)
    correlation = covariance / (deviation[:, :, None] * deviation[:, None, :])
    correlation[:, np.arange(t), np.arange(t)] = 0.0
    # The standardised uᵢ is move + stretch ζ.
    stretch = (1.0 / np.sqrt(share))[:, :, None]
    move = offset * (deviation / share)[:, :, None]
    one = move + stretch * first
    two = move * (move + 2.0 * stretch * first) + stretch * stretch * second - 1.0
    pairs = one * (correlation @ one)
    pairs += 0.5 * two * (np.square(correlation, out=correlation) @ two)
    result: FloatArray = 0.5 * total_over(pairs, axis=1)
    return result
