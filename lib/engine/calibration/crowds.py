"""Normal posteriors of many people at once: people with equally many strands make a crowd.

With the sites' precisions T and shifts η and the strands' directions U, a person's posterior has
the covariance V = (R⁻¹ + Uᵀ T U)⁻¹ and the mean V Uᵀ η. Whichever is smaller is inverted: that
matrix, k by k, or with K = U R Uᵀ the strands' covariance C = (I + K T)⁻¹ K = U V Uᵀ (Woodbury).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.engine.normal import FloatArray

CHUNK_CELLS = 1_000_000
"""Numbers of one temporary: bounds memory at 32 concepts and 100,000 people."""

FEW_STRANDS = 0.75
"""Of the concepts: with fewer, K costs less than k by k matrices (measured at 32 concepts)."""


class Crowd(NamedTuple):
    """Posteriors of p people with s strands each.

    Attributes:
        mean, variance: Along each strand, shape (p, s).
        ability: Means, shape (p, k).
        covariance: Σ V over the people, shape (k, k).
        log_volume: Σ (log |V| - log |R| + mᵀ V⁻¹ m) / 2 over the people.
    """

    mean: FloatArray
    variance: FloatArray
    ability: FloatArray
    covariance: FloatArray
    log_volume: float


def crowds(person: NDArray[np.intp], k: int) -> Iterator[NDArray[np.intp]]:
    """Yield the strands of people with equally many of them, shape (people, strands).

    Args:
        person: Of each strand, ascending.
        k: Number of concepts.
    """
    begins = np.flatnonzero(np.diff(person, prepend=-1))
    counts = np.diff(np.append(begins, len(person)))
    for count in np.unique(counts):
        alike = begins[counts == count]
        limit = max(1, CHUNK_CELLS // (k * max(k, int(count))))
        for low in range(0, len(alike), limit):
            yield alike[low : low + limit, None] + np.arange(count)


def posterior_of(
    u: FloatArray, precision: FloatArray, shift: FloatArray, correlation: FloatArray
) -> Crowd:
    """Return the posteriors of a crowd.

    Args:
        u: Directions of the strands, shape (p, s, k).
        precision: τ of each site, shape (p, s).
        shift: η of each site, shape (p, s).
        correlation: R, shape (k, k).
    """
    strands, k = u.shape[1:]
    how = _by_strands if strands <= FEW_STRANDS * k else _by_abilities
    return how(u, precision, shift, correlation)


def _by_abilities(
    u: FloatArray, tau: FloatArray, eta: FloatArray, correlation: FloatArray
) -> Crowd:
    prior, loads = np.linalg.inv(correlation), np.swapaxes(u, 1, 2)
    precision = prior + (loads * tau[:, None, :]) @ u
    pull = (loads @ eta[:, :, None])[:, :, 0]
    covariance = np.linalg.inv(precision)
    m = (covariance @ pull[:, :, None])[:, :, 0]
    volume = len(u) * np.linalg.slogdet(prior)[1] - np.linalg.slogdet(precision)[1].sum()
    return Crowd(
        (u @ m[:, :, None])[:, :, 0],
        ((u @ covariance) * u).sum(axis=2),
        m,
        covariance.sum(axis=0),
        0.5 * float(volume + (m * pull).sum()),
    )


def _by_strands(u: FloatArray, tau: FloatArray, eta: FloatArray, correlation: FloatArray) -> Crowd:
    people, strands = tau.shape
    before = (u @ correlation) @ np.swapaxes(u, 1, 2)
    told = np.eye(strands) + before * tau[:, None, :]
    covariance = np.linalg.solve(told, before)
    mean = (covariance @ eta[:, :, None])[:, :, 0]
    pull = (eta - tau * mean)[:, None, :] @ u
    taken = tau[:, :, None] * (u - covariance @ (tau[:, :, None] * u))
    lost = correlation @ (np.swapaxes(u, 1, 2) @ taken).sum(axis=0) @ correlation
    return Crowd(
        mean,
        np.diagonal(covariance, axis1=1, axis2=2),
        pull[:, 0] @ correlation,
        people * correlation - 0.5 * (lost + lost.T),
        0.5 * float((eta * mean).sum() - np.linalg.slogdet(told)[1].sum()),
    )
