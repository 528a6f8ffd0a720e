"""The posterior of a student's abilities: immutable, exact to about 0.01, restored from bytes.

Each answer is represented by a *site* of two numbers, rounded to `SITE_DTYPE` as it is made. All
that a posterior says is a pure function of the prior, the answers and the rounded sites, so that
four bytes per answer restore it bit for bit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lib.engine.bank import MAX_CONCEPTS, ItemBank
from lib.engine.normal import FloatArray
from lib.engine.posterior.propagation import Normal
from lib.engine.posterior.updating import SITE_DTYPE, Belief, Sites, absorb, recall

_ASYMMETRY = 1e-6
"""Of a covariance, as a share of its greatest entry: more is a mistake, less is rounding."""


@dataclass(frozen=True, eq=False, slots=True)
class Posterior:
    """What the answers so far say about θ. Immutable; make one with `prior` or `from_sites`.

    Attributes:
        mean: Of θ, shape (k,).
        covariance: Of θ, shape (k, k).
        items: The items answered, in order.
        correct: Whether each answer was correct.
        sites: Shape (t, 2), `SITE_DTYPE`: τ and η of each answer.
    """

    mean: FloatArray
    covariance: FloatArray
    items: tuple[int, ...]
    correct: tuple[bool, ...]
    sites: Sites
    prior_mean: FloatArray
    prior_root: FloatArray
    """R with R Rᵀ = prior covariance: θ = m₀ + R z with z standard normal a priori."""
    evidence: FloatArray
    """Shape (k + 2, t), see lib.engine.posterior.propagation."""
    normal: Normal
    """Of z, prior times sites."""

    def __post_init__(self) -> None:
        """Make what others may read unwritable."""
        for array in (self.mean, self.covariance, self.sites):
            array.setflags(write=False)

    @classmethod
    def prior(
        cls, k: int, mean: ArrayLike | None = None, covariance: ArrayLike | None = None
    ) -> Self:
        """Return the state of knowledge before any answer: N(mean, covariance), by default N(0, I).

        Args:
            k: Number of concepts, 1 to 32.
            mean: Shape (k,).
            covariance: Shape (k, k), positive semi-definite; or (k,), the variances.

        Raises:
            ValueError: If k is not 1 to 32, shapes do not agree or the covariance is not one.
        """
        if not 1 <= k <= MAX_CONCEPTS:
            raise ValueError(f"a prior is over 1 to {MAX_CONCEPTS} concepts, not {k}")
        m = np.zeros(k) if mean is None else np.array(mean, float).reshape(-1)
        v = np.eye(k) if covariance is None else np.array(covariance, float)
        if v.ndim < 2 and v.size == k:  # noqa: PLR2004 - not a matrix
            v = np.diag(v.reshape(-1))
        if m.shape != (k,) or v.shape != (k, k):
            raise ValueError(f"a prior over {k} concepts takes {k} means, a {k} by {k} covariance")
        if not (np.isfinite(m).all() and np.isfinite(v).all()):
            raise ValueError("means and covariances must be finite")
        if not np.allclose(v, v.T, atol=_ASYMMETRY * float(np.abs(v).max())):
            raise ValueError("a covariance must be symmetric")
        v = 0.5 * (v + v.T)
        empty = np.empty((0, 2), SITE_DTYPE)
        return cls(
            m, v, (), (), empty, m, _root(v), np.empty((k + 2, 0)), Normal(np.zeros(k), np.eye(k))
        )

    @classmethod
    def of_answers(
        cls, prior: "Posterior", bank: ItemBank, items: Iterable[int], correct: Iterable[bool]
    ) -> "Posterior":
        """Return `prior` updated with each answer in turn."""
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
        """Return the very posterior whose `items`, `correct` and `sites` are given.

        Args:
            prior: The prior it started from, made from the same numbers.
            bank: The bank it was updated with.
            items: As `Posterior.items`.
            correct: As `Posterior.correct`.
            sites: As `Posterior.sites`, shape (t, 2).

        Raises:
            ValueError: If the three lengths differ.
        """
        if not len(items) == len(correct) == len(sites):
            raise ValueError("items, correct and sites must be equally long")
        if not len(items):
            return prior
        columns = [_evidence(prior, bank, i, c) for i, c in zip(items, correct, strict=True)]
        evidence = np.stack(columns, axis=1)
        belief = recall(prior.prior_root, evidence, np.array(sites, SITE_DTYPE))
        answers = tuple(map(int, items)), tuple(map(bool, correct))
        return _assemble(prior, *answers, evidence, belief)

    @property
    def variance(self) -> FloatArray:
        """Of each concept, shape (k,)."""
        return np.diagonal(self.covariance)

    @property
    def answered(self) -> int:
        """Number of answers."""
        return len(self.items)


def update(posterior: Posterior, bank: ItemBank, item: int, correct: bool) -> Posterior:
    """Return the posterior after one more answer.

    Args:
        posterior: Before the answer; not changed.
        bank: The bank of all its answers.
        item: Index in `bank`.
        correct: Whether the answer was correct.

    Raises:
        IndexError: If there is no such item.
        ValueError: If bank and posterior differ in the number of concepts.
    """
    column = _evidence(posterior, bank, item, correct)
    evidence = np.concatenate((posterior.evidence, column[:, None]), axis=1)
    belief = absorb(posterior.prior_root, evidence, posterior.sites, posterior.normal)
    items, outcomes = (*posterior.items, int(item)), (*posterior.correct, bool(correct))
    return _assemble(posterior, items, outcomes, evidence, belief)


def _evidence(prior: Posterior, bank: ItemBank, item: int, correct: bool) -> FloatArray:
    """Return one column of `Posterior.evidence`."""
    if bank.concepts != len(prior.mean):
        raise ValueError(f"bank has {bank.concepts} concepts, posterior {len(prior.mean)}")
    if not 0 <= item < len(bank):
        raise IndexError(f"no item {item} in a bank of {len(bank)}")
    slopes = bank.slopes[item]
    column = np.empty(len(slopes) + 2)
    column[:-2] = slopes @ prior.prior_root
    column[-2] = bank.intercepts[item] + slopes @ prior.prior_mean
    if correct:
        column[-1] = bank.guessing[item]
    else:
        # A wrong answer's likelihood is (1 - c) / (1 + exp(x)): no floor, and x turned round.
        np.negative(column, out=column)
        column[-1] = 0.0
    return column


def _assemble(
    prior: Posterior,
    items: tuple[int, ...],
    correct: tuple[bool, ...],
    evidence: FloatArray,
    belief: Belief,
) -> Posterior:
    return Posterior(
        prior.prior_mean + belief.mean,
        belief.covariance,
        items,
        correct,
        belief.sites,
        prior.prior_mean,
        prior.prior_root,
        evidence,
        belief.normal,
    )


def _root(covariance: FloatArray) -> FloatArray:
    """Return R with R Rᵀ = covariance, which may be singular.

    Raises:
        ValueError: If the covariance has a negative eigenvalue.
    """
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -1e-9 * max(1.0, values[-1]):
        raise ValueError("a covariance must be positive semi-definite")
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
