"""Normal posteriors of many people at once, in groups with equal numbers of strands.

With the sites' precisions T and shifts η and the strands' directions U, a person's posterior has
the covariance V = (R⁻¹ + Uᵀ T U)⁻¹ and the mean V Uᵀ η. Of two matrices, the one that takes less
time is inverted: the precision, k by k, or I + K T with K = U R Uᵀ, which gives the strands'
covariance U V Uᵀ = (I + K T)⁻¹ K by Woodbury's identity. Along a strand with the direction u, an
ability θ has the value t = uᵀ θ.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..normal import FloatArray

CHUNK_CELLS = 1_000_000
"""Largest size of a temporary array, which bounds memory at 32 concepts and 100,000 people."""

FEW_STRANDS = 0.75
"""Largest ratio of strands to concepts at which inverting I + K T is faster; measured at 32
concepts.
"""


class GroupPosterior(NamedTuple):
    """Posteriors of p people with s strands each.

    Attributes:
        mean: Mean of t along each strand, shape (p, s).
        variance: Variance of t along each strand, shape (p, s).
        ability: Means m of θ, shape (p, k).
        covariance: Σ V over the people, shape (k, k).
        log_volume: Σ (log |V| - log |R| + mᵀ V⁻¹ m) / 2 over the people.
    """

    mean: FloatArray
    variance: FloatArray
    ability: FloatArray
    covariance: FloatArray
    log_volume: float


def equal_groups(person: NDArray[np.intp], k: int) -> Iterator[NDArray[np.intp]]:
    """Yield groups of people with equal numbers of strands.

    Args:
        person: Person of each strand, ascending.
        k: Number of concepts.

    Yields:
        Indices of the strands, shape (people, strands); large groups are split.
    """
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    counts = np.diff(np.append(starts, len(person)))
    for count in np.unique(counts):
        starts_of_group = starts[counts == count]
        limit = max(1, CHUNK_CELLS // (k * max(k, int(count))))
        for low in range(0, len(starts_of_group), limit):
            yield starts_of_group[low : low + limit, None] + np.arange(count)


def group_posterior(
    u: FloatArray, precision: FloatArray, shift: FloatArray, correlation: FloatArray
) -> GroupPosterior:
    """Return the posteriors of a group of people.

    Args:
        u: Directions of the strands, shape (p, s, k).
        precision: Precision τ of each site, shape (p, s).
        shift: Shift η of each site, shape (p, s).
        correlation: Prior covariance R of abilities, shape (k, k).
    """
    strands, k = u.shape[1:]
    compute = _by_strand_matrix if strands <= FEW_STRANDS * k else _by_ability_matrix
    return compute(u, precision, shift, correlation)


def _by_ability_matrix(
    u: FloatArray, tau: FloatArray, eta: FloatArray, correlation: FloatArray
) -> GroupPosterior:
    prior, transposed = np.linalg.inv(correlation), np.swapaxes(u, 1, 2)
    precision = prior + (transposed * tau[:, None, :]) @ u
    shift_sum = (transposed @ eta[:, :, None])[:, :, 0]
    covariance = np.linalg.inv(precision)
    m = (covariance @ shift_sum[:, :, None])[:, :, 0]
    log_determinant = len(u) * np.linalg.slogdet(prior)[1] - np.linalg.slogdet(precision)[1].sum()
    return GroupPosterior(
        mean=(u @ m[:, :, None])[:, :, 0],
        variance=((u @ covariance) * u).sum(axis=2),
        ability=m,
        covariance=covariance.sum(axis=0),
        log_volume=0.5 * float(log_determinant + (m * shift_sum).sum()),
    )


def _by_strand_matrix(
    u: FloatArray, tau: FloatArray, eta: FloatArray, correlation: FloatArray
) -> GroupPosterior:
    people, strands = tau.shape
    prior_covariance = (u @ correlation) @ np.swapaxes(u, 1, 2)
    system = np.eye(strands) + prior_covariance * tau[:, None, :]
    covariance = np.linalg.solve(system, prior_covariance)
    mean = (covariance @ eta[:, :, None])[:, :, 0]
    shift_sum = (eta - tau * mean)[:, None, :] @ u
    weighted = tau[:, :, None] * (u - covariance @ (tau[:, :, None] * u))
    reduction = correlation @ (np.swapaxes(u, 1, 2) @ weighted).sum(axis=0) @ correlation
    return GroupPosterior(
        mean=mean,
        variance=np.diagonal(covariance, axis1=1, axis2=2),
        ability=shift_sum[:, 0] @ correlation,
        covariance=people * correlation - 0.5 * (reduction + reduction.T),
        log_volume=0.5 * float((eta * mean).sum() - np.linalg.slogdet(system)[1].sum()),
    )
