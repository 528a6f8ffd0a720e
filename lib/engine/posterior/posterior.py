"""The posterior of a student's abilities: immutable, accurate to about 0.01, restorable from bytes.

Each answer is represented by a *site* of two numbers, rounded to `SITE_DTYPE` when it is computed.
Mean and covariance are a pure function of the prior, the answers and the rounded sites, so four
bytes per answer restore a posterior bit for bit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from ..bank import MAX_CONCEPTS, ItemBank
from ..checks import boolean
from ..normal import FloatArray
from .propagation import Normal
from .updating import SITE_DTYPE, Sites, SitesAndMoments, add_answer, restore

_ASYMMETRY = 1e-6
"""Asymmetry of a covariance, relative to its largest entry, above which it is refused.

Smaller asymmetries count as rounding and are averaged out.
"""

WIDEST_PRIOR = 100.0
"""Largest prior variance of an ability, in population variances.

Up to this variance, sites are sure to fit `SITE_DTYPE`, and the upper bounds that selection uses
were verified.
"""


@dataclass(frozen=True, eq=False, slots=True)
class Posterior:
    """The distribution of θ given the answers so far; immutable.

    Build one with `prior`, `of_answers` or `from_sites`, and add answers with `update`.

    Attributes:
        mean: Posterior mean of θ, shape (k,).
        covariance: Posterior covariance of θ, shape (k, k).
        items: Indices of the answered items, in order.
        correct: Whether each answer was correct.
        sites: τ and η of each answer, shape (t, 2), type `SITE_DTYPE`.
    """

    mean: FloatArray
    covariance: FloatArray
    items: tuple[int, ...]
    correct: tuple[bool, ...]
    sites: Sites
    prior_mean: FloatArray
    prior_root: FloatArray
    """Matrix R with R Rᵀ = prior covariance; θ = m₀ + R z with z standard normal a priori."""
    evidence: FloatArray
    """One column per answer, shape (k + 2, t); see `lib.engine.posterior.propagation`."""
    normal: Normal
    """Normal approximation of z: prior times sites."""

    def __post_init__(self) -> None:
        """Make the public arrays read-only."""
        for array in (self.mean, self.covariance, self.sites):
            array.setflags(write=False)

    @classmethod
    def prior(
        cls, k: int, mean: ArrayLike | None = None, covariance: ArrayLike | None = None
    ) -> Self:
        """Return the posterior before any answer: N(mean, covariance), by default N(0, I).

        Args:
            k: Number of concepts, 1 to 32.
            mean: Prior mean, shape (k,).
            covariance: Prior covariance, shape (k, k), positive semi-definite; or the variances,
                shape (k,).

        Raises:
            ValueError: If k is not 1 to 32, the shapes do not agree, or the covariance is not
                finite, symmetric and positive semi-definite with variances of at most
                `WIDEST_PRIOR`.
        """
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= MAX_CONCEPTS:
            raise ValueError(f"a prior is over 1 to {MAX_CONCEPTS} concepts, not {k}")
        m = np.zeros(k) if mean is None else np.array(mean, float).reshape(-1)
        v = np.eye(k) if covariance is None else np.array(covariance, float)
        if v.ndim < 2 and v.size == k:  # noqa: PLR2004 - not a matrix
            v = np.diag(v.reshape(-1))
        if m.shape != (k,) or v.shape != (k, k):
            raise ValueError(
                f"for k = {k}, the mean must have shape ({k},) and the covariance ({k}, {k})"
            )
        if not (np.isfinite(m).all() and np.isfinite(v).all()):
            raise ValueError("means and covariances must be finite")
        if not np.allclose(v, v.T, atol=_ASYMMETRY * float(np.abs(v).max())):
            raise ValueError("a covariance must be symmetric")
        if np.diagonal(v).max() > WIDEST_PRIOR:
            raise ValueError(f"covariance must have variances of at most {WIDEST_PRIOR:g}")
        v = 0.5 * (v + v.T)
        empty = np.empty((0, 2), SITE_DTYPE)
        return cls(
            mean=m,
            covariance=v,
            items=(),
            correct=(),
            sites=empty,
            prior_mean=m,
            prior_root=_root(v),
            evidence=np.empty((k + 2, 0)),
            normal=Normal(np.zeros(k), np.eye(k)),
        )

    @classmethod
    def of_answers(
        cls, prior: "Posterior", bank: ItemBank, items: Iterable[int], correct: Iterable[bool]
    ) -> "Posterior":
        """Return `prior` updated with each answer in turn.

        Raises:
            ValueError: If `items` and `correct` differ in length.
        """
        posterior = prior
        for item, right in zip(items, correct, strict=True):
            posterior = update(posterior, bank, item, right)
        return posterior

    @classmethod
    def from_sites(
        cls,
        prior: "Posterior",
        bank: ItemBank,
        items: Sequence[int],
        correct: Sequence[bool],
        sites: Sites,
    ) -> "Posterior":
        """Return a posterior restored bit for bit from its `items`, `correct` and `sites`.

        Args:
            prior: The prior it started from, built from the same numbers.
            bank: The bank it was updated with.
            items: Value of `Posterior.items`.
            correct: Value of `Posterior.correct`.
            sites: Value of `Posterior.sites`, shape (t, 2).

        Raises:
            ValueError: If the three lengths differ, an item or outcome has the wrong type, or the
                sites are not finite.
        """
        if not len(items) == len(correct) == len(sites):
            raise ValueError("items, correct and sites must be equally long")
        if not len(items):
            return prior
        columns = [_evidence(prior, bank, i, c) for i, c in zip(items, correct, strict=True)]
        evidence = np.stack(columns, axis=1)
        restored_sites = np.array(sites, SITE_DTYPE)
        if not np.isfinite(restored_sites).all():
            raise ValueError("sites must be finite")
        result = restore(prior.prior_root, evidence, restored_sites)
        answers = tuple(map(int, items)), tuple(map(bool, correct))
        return _assemble(prior, *answers, evidence, result)

    @property
    def variance(self) -> FloatArray:
        """Posterior variance of each concept, shape (k,)."""
        return np.diagonal(self.covariance)

    @property
    def answer_count(self) -> int:
        """Number of answers."""
        return len(self.items)


def update(posterior: Posterior, bank: ItemBank, item: int, correct: bool) -> Posterior:
    """Return the posterior after one more answer.

    Args:
        posterior: The posterior before the answer; it does not change.
        bank: The bank of all answered items.
        item: Index of the item in `bank`.
        correct: Whether the answer was correct.

    Raises:
        IndexError: If `bank` has no such item.
        ValueError: If bank and posterior differ in the number of concepts, `item` is not an
            integer, or `correct` is neither True nor False.
    """
    column = _evidence(posterior, bank, item, correct)
    evidence = np.concatenate((posterior.evidence, column[:, None]), axis=1)
    result = add_answer(posterior.prior_root, evidence, posterior.sites, posterior.normal)
    items, outcomes = (*posterior.items, int(item)), (*posterior.correct, bool(correct))
    return _assemble(posterior, items, outcomes, evidence, result)


def _evidence(prior: Posterior, bank: ItemBank, item: int, correct: bool) -> FloatArray:
    """Return the column of `Posterior.evidence` that stands for one answer."""
    if bank.concepts != len(prior.mean):
        raise ValueError(
            f"number of concepts: {bank.concepts} in the bank, {len(prior.mean)} in the posterior"
        )
    if isinstance(item, bool) or not isinstance(item, int | np.integer):
        raise ValueError(  # noqa: TRY004 - as in `lib.engine.checks`
            f"item must be an integer, not {item!r}"
        )
    if not 0 <= item < len(bank):
        raise IndexError(f"no item {item} in a bank of {len(bank)}")
    slopes = bank.slopes[item]
    column = np.empty(len(slopes) + 2)
    column[:-2] = slopes @ prior.prior_root
    column[-2] = bank.intercepts[item] + slopes @ prior.prior_mean
    if boolean("correct", correct):
        column[-1] = bank.guessing[item]
    else:
        # A wrong answer has likelihood (1 - c) / (1 + exp(x)): the sign of x changes and the floor
        # is 0.
        np.negative(column, out=column)
        column[-1] = 0.0
    return column


def _assemble(
    prior: Posterior,
    items: tuple[int, ...],
    correct: tuple[bool, ...],
    evidence: FloatArray,
    result: SitesAndMoments,
) -> Posterior:
    return Posterior(
        mean=prior.prior_mean + result.mean,
        covariance=result.covariance,
        items=items,
        correct=correct,
        sites=result.sites,
        prior_mean=prior.prior_mean,
        prior_root=prior.prior_root,
        evidence=evidence,
        normal=result.normal,
    )


def _root(covariance: FloatArray) -> FloatArray:
    """Return a matrix R with R Rᵀ = covariance; the covariance may be singular.

    Raises:
        ValueError: If the covariance has a negative eigenvalue.
    """
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -1e-9 * max(1.0, values[-1]):
        raise ValueError("a covariance must be positive semi-definite")
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
