"""Each stop rule ends a test at its limits, and impossible rules are refused."""

import math
from typing import Any

import numpy as np
import pytest

from lib.engine import ItemBank, Posterior, StopRules, expected_share, stop
from lib.engine.stopping import Reason


def after(t: int, k: int = 1, *, right: bool | None = None) -> Posterior:
    """Return the posterior after t answers, by default alternately right and wrong."""
    bank = ItemBank(np.eye(k)[np.arange(max(t, 1)) % k] * 1.7)
    correct = [i // k % 2 == 0 if right is None else right for i in range(t)]
    return Posterior.of_answers(Posterior.prior(k), bank, range(t), correct)


@pytest.mark.parametrize(
    ("rules", "answers", "reason"),
    [
        (StopRules("fixed_length", 5, 20), 19, None),
        (StopRules("fixed_length", 5, 20), 20, "max_questions"),
        (StopRules("precision", 5, 20, precision_threshold=0.9), 4, None),
        (StopRules("precision", 5, 20, precision_threshold=0.9), 5, "precision"),
        (StopRules("precision", 5, 20, precision_threshold=0.1), 19, None),
        (StopRules("precision", 5, 20, precision_threshold=0.1), 20, "max_questions"),
        (StopRules("classification", 5, 20), 6, None),
    ],
)
def test_a_test_ends_by_its_rule(rules: StopRules, answers: int, reason: Reason | None) -> None:
    assert stop(after(answers), rules) == reason


def test_precision_is_judged_by_the_least_precise_tested_concept() -> None:
    state = Posterior.prior(2, None, np.diag([0.04, 1.0]))
    rules = StopRules("precision", 0, 20, precision_threshold=0.3)
    assert stop(state, rules) is None
    assert stop(state, rules, tested=[True, False]) == "precision"


def test_classification_needs_every_tested_concept_on_one_side() -> None:
    # P(θ > 0) = Φ(1 / √0.49) = Φ(1.43) = 0.923, and Φ(0) = 0.5 for the second concept.
    state = Posterior.prior(2, [1.0, 0.0], np.diag([0.49, 0.49]))
    rules = StopRules("classification", 0, 20, classification_threshold=0.92)
    assert stop(state, rules) is None
    assert stop(state, rules, tested=[True, False]) == "classification"
    below = Posterior.prior(1, [-1.0], [[0.49]])
    assert stop(below, rules) == "classification"
    stricter = StopRules("classification", 0, 20, classification_threshold=0.93)
    assert stop(below, stricter) is None
    other_cut = StopRules("classification", 0, 20, classification_threshold=0.92, cut=-1.0)
    assert stop(below, other_cut) is None


def test_a_test_ends_when_the_next_question_would_gain_too_little() -> None:
    too_hard = ItemBank([[1.7]], [-12.0])
    state = after(6)
    gain = expected_share(state, too_hard, 0)
    assert 0 <= gain < 0.01
    assert stop(state, StopRules(minimum_gain=0.01), gain=gain) == "small_gain"
    assert stop(state, StopRules(), gain=gain) is None
    assert stop(after(3), StopRules(minimum_gain=0.01), gain=gain) is None


def test_nothing_is_gained_if_all_abilities_are_known_exactly() -> None:
    exactly_known = Posterior.prior(2, None, np.zeros((2, 2)))
    assert expected_share(exactly_known, ItemBank([[1.0, 1.0]]), 0) == 0.0


@pytest.mark.parametrize(
    ("invalid", "message"),
    [
        ({"type": "precise"}, "type"),
        ({"type": ["precision"]}, "type"),
        ({"min_questions": -1}, "min_questions"),
        ({"min_questions": 21}, "min_questions"),
        ({"min_questions": 0, "max_questions": 0}, "max_questions"),
        ({"max_questions": math.nan}, "max_questions"),
        ({"precision_threshold": 0.0}, "precision_threshold"),
        ({"precision_threshold": math.nan}, "precision_threshold"),
        ({"precision_threshold": math.inf}, "precision_threshold"),
        ({"classification_threshold": 0.49}, "classification_threshold"),
        ({"classification_threshold": 1.01}, "classification_threshold"),
        ({"cut": math.inf}, "cut"),
        ({"minimum_gain": -0.1}, "minimum_gain"),
        ({"minimum_gain": 1.1}, "minimum_gain"),
    ],
)
def test_rules_that_no_test_can_follow_are_refused(invalid: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StopRules(**invalid)


@pytest.mark.parametrize(
    "edge",
    [
        {"min_questions": 0, "max_questions": 1},
        {"min_questions": 20},
        {"classification_threshold": 0.5},
        {"classification_threshold": 1.0},
        {"minimum_gain": 1.0},
    ],
)
def test_rules_may_lie_on_the_edge_of_their_range(edge: dict[str, Any]) -> None:
    rules = StopRules(**edge)
    assert {name: getattr(rules, name) for name in edge} == edge


def test_concept_that_is_known_exactly_is_classified_unless_at_the_cut() -> None:
    rules = StopRules("classification", min_questions=0)
    for mean in (0.0, 1.0):  # at the cut it is as likely above as below
        exactly_known = Posterior.prior(1, [mean], [0.0])
        assert stop(exactly_known, rules) == ("classification" if mean else None)
