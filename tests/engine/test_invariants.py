"""Invariants that hold for every bank, prior and history."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.engine import SITE_DTYPE, ItemBank, Posterior, explain, update
from tests.support.examinees import Examinee, examinee

ORDER_TOLERANCE = 0.003
"""Largest change of a mean or deviation when the answers are reordered; see docs/engine.md."""

STEEP_ORDER_TOLERANCE = 0.01
"""The same tolerance for steep questions, whose slopes are about 5 and may exceed 10."""

SEEDS = st.integers(0, 2**32 - 1)
CONCEPTS = st.integers(1, 5)
LENGTHS = st.integers(1, 15)

KINDS = st.sampled_from(["", "guessing", "correlated", "guessing correlated shifted", "right"])
KINDS_WITHOUT_GUESSING = st.sampled_from(
    ["", "correlated", "shifted", "right", "wrong", "duplicate", "steep", "steep correlated"]
)
ALL_KINDS = KINDS | st.sampled_from(["steep", "steep correlated", "guessing steep correlated"])

quick = settings(max_examples=60, deadline=None, derandomize=True)
thorough = settings(quick, max_examples=120)


def random_examinee(seed: int, k: int, t: int, kind: str) -> Examinee:
    return examinee(np.random.default_rng(seed), k, t, kind)


@quick
@given(SEEDS, CONCEPTS, LENGTHS, KINDS_WITHOUT_GUESSING)
def test_without_guessing_no_variance_exceeds_that_of_the_prior(
    seed: int, k: int, t: int, kind: str
) -> None:
    someone = random_examinee(seed, k, t, kind)
    assert (someone.posterior.variance <= np.diagonal(someone.covariance) * (1 + 1e-6)).all()


@quick
@given(SEEDS, CONCEPTS, KINDS_WITHOUT_GUESSING, st.booleans())
def test_without_guessing_the_first_answer_makes_no_variance_grow(
    seed: int, k: int, kind: str, right: bool
) -> None:
    someone = random_examinee(seed, k, 1, kind)
    after = update(someone.prior, someone.bank, 0, right)
    assert (after.variance <= someone.prior.variance * (1 + 1e-6)).all()


@quick
@given(SEEDS, CONCEPTS, LENGTHS, KINDS)
def test_no_question_is_expected_to_make_a_variance_grow(
    seed: int, k: int, t: int, kind: str
) -> None:
    someone = random_examinee(seed, k, t, kind)
    explanation = explain(someone.posterior, someone.bank, 0)
    assert (explanation.expected_fall >= 0).all()
    mean_variance = (
        explanation.probability * explanation.variance_if_correct
        + (1 - explanation.probability) * explanation.variance_if_wrong
    )
    expected = someone.posterior.variance - explanation.expected_fall
    assert mean_variance == pytest.approx(expected, abs=1e-6)


@thorough
@given(SEEDS, CONCEPTS, LENGTHS, ALL_KINDS)
def test_order_of_answers_hardly_matters(seed: int, k: int, t: int, kind: str) -> None:
    someone = random_examinee(seed, k, t, kind)
    order = np.random.default_rng(seed + 1).permutation(t)
    correct = someone.answers.correct[order].tolist()
    reordered = Posterior.of_answers(someone.prior, someone.bank, order, correct)
    tolerance = STEEP_ORDER_TOLERANCE if "steep" in kind else ORDER_TOLERANCE
    assert np.abs(reordered.mean - someone.posterior.mean).max() < tolerance
    difference = np.sqrt(reordered.variance) - np.sqrt(someone.posterior.variance)
    assert np.abs(difference).max() < tolerance


@thorough
@given(SEEDS, st.integers(2, 5), LENGTHS, ALL_KINDS)
def test_relabelling_concepts_relabels_the_result(seed: int, k: int, t: int, kind: str) -> None:
    someone = random_examinee(seed, k, t, kind)
    permutation = np.random.default_rng(seed + 1).permutation(k)
    renamed = Examinee(
        someone.mean[permutation],
        someone.covariance[np.ix_(permutation, permutation)],
        someone.answers._replace(slopes=someone.answers.slopes[:, permutation]),
    ).posterior
    original = someone.posterior
    assert renamed.mean == pytest.approx(original.mean[permutation], abs=1e-4)
    assert renamed.covariance == pytest.approx(
        original.covariance[np.ix_(permutation, permutation)], abs=1e-4
    )


@thorough
@given(SEEDS, CONCEPTS, LENGTHS, ALL_KINDS)
def test_reversing_a_concept_reverses_its_mean(seed: int, k: int, t: int, kind: str) -> None:
    someone = random_examinee(seed, k, t, kind)
    sign = np.where(np.arange(k) == 0, -1.0, 1.0)
    reversed_one = Examinee(
        someone.mean * sign,
        someone.covariance * np.outer(sign, sign),
        someone.answers._replace(slopes=someone.answers.slopes * sign),
    ).posterior
    assert reversed_one.mean == pytest.approx(someone.posterior.mean * sign, abs=1e-4)
    assert reversed_one.variance == pytest.approx(someone.posterior.variance, abs=1e-4)


@quick
@given(SEEDS, CONCEPTS, LENGTHS, KINDS)
def test_sites_restore_the_posterior_bit_for_bit(seed: int, k: int, t: int, kind: str) -> None:
    someone = random_examinee(seed, k, t, kind)
    original = someone.posterior
    site_bytes = original.sites.tobytes()
    assert len(site_bytes) == 4 * t
    restored = Posterior.from_sites(
        someone.prior,
        someone.bank,
        original.items,
        original.correct,
        np.frombuffer(site_bytes, SITE_DTYPE).reshape(-1, 2),
    )
    assert restored.mean.tobytes() == original.mean.tobytes()
    assert restored.covariance.tobytes() == original.covariance.tobytes()
    # Further answers also have the same effect.
    updated = update(original, someone.bank, 0, correct=True)
    restored_and_updated = update(restored, someone.bank, 0, correct=True)
    assert restored_and_updated.mean.tobytes() == updated.mean.tobytes()
    assert restored_and_updated.sites.tobytes() == updated.sites.tobytes()


@quick
@given(SEEDS, CONCEPTS, LENGTHS, KINDS)
def test_of_answers_equals_repeated_updates(seed: int, k: int, t: int, kind: str) -> None:
    someone = random_examinee(seed, k, t, kind)
    state = someone.prior
    for item, right in enumerate(someone.answers.correct.tolist()):
        state = update(state, someone.bank, item, right)
    assert state.mean.tobytes() == someone.posterior.mean.tobytes()
    assert state.items == tuple(range(t))


def test_a_posterior_does_not_change() -> None:
    bank = ItemBank([[1.0, 0.0], [0.0, 1.0]])
    before = Posterior.prior(2)
    mean, covariance = before.mean.copy(), before.covariance.copy()
    update(before, bank, 0, correct=True)
    assert (before.mean == mean).all()
    assert (before.covariance == covariance).all()
    with pytest.raises(dataclasses.FrozenInstanceError):
        before.items = (1,)  # type: ignore[misc]
    for array in (before.mean, before.covariance, update(before, bank, 0, correct=True).mean):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 1.0


def test_a_bank_does_not_change_and_copies_its_arguments() -> None:
    slopes = np.array([[1.0]])
    bank = ItemBank(slopes)
    slopes[0, 0] = 9.0
    assert bank.slopes[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        bank.slopes[0, 0] = 2.0


@quick
@given(SEEDS, LENGTHS, st.booleans())
def test_an_answer_leaves_unrelated_concepts_unchanged(seed: int, t: int, right: bool) -> None:
    rng = np.random.default_rng(seed)
    steepness = rng.lognormal(0.5, 0.3, t + 1)
    slopes = np.eye(3)[np.append(rng.integers(2, size=t), 2)] * steepness[:, None]
    bank = ItemBank(slopes, rng.normal(size=t + 1))
    before = Posterior.of_answers(
        Posterior.prior(3), bank, range(t), (rng.random(t) < 0.5).tolist()
    )
    after = update(before, bank, t, right)
    assert after.mean[:2] == pytest.approx(before.mean[:2], abs=1e-4)
    assert (after.variance[:2] <= before.variance[:2] + 1e-4).all()
    assert after.variance[2] < before.variance[2]
