"""The questions of the demo's pool are well formed, and their answers are recomputed."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from local.demo.pool import CONCEPTS, load_questions
from tests.demo import (
    recomputed_algebra,
    recomputed_calculus,
    recomputed_geometry,
    recomputed_math,
    recomputed_statistics,
)
from tests.demo.judges import Judge
from tests.demo.notation import quantity

QUESTIONS: list[dict[str, Any]] = load_questions()
BY_ID = {question["id"]: question for question in QUESTIONS}
RECOMPUTED: dict[str, Judge] = {
    **recomputed_math.RECOMPUTED,
    **recomputed_algebra.RECOMPUTED,
    **recomputed_geometry.RECOMPUTED,
    **recomputed_statistics.RECOMPUTED,
    **recomputed_calculus.RECOMPUTED,
}
# The meaning of a correlation and of a p-value cannot be computed.
NOT_COMPUTABLE = {"sta-021", "sta-028"}


@pytest.mark.parametrize("question_id", RECOMPUTED)
def test_recomputation_accepts_the_correct_answer_and_no_other_option(question_id: str) -> None:
    question = BY_ID[question_id]
    accepted = [option for option in question["options"] if RECOMPUTED[question_id](option)]
    assert accepted == [question["correct_answer"]]


def test_every_computable_question_is_recomputed() -> None:
    assert BY_ID.keys() - RECOMPUTED.keys() == NOT_COMPUTABLE


def test_there_are_150_questions_each_with_its_own_id_and_text() -> None:
    assert len(QUESTIONS) == 150
    assert len({question["id"] for question in QUESTIONS}) == 150
    assert len({question["content"] for question in QUESTIONS}) == 150


@pytest.mark.parametrize("question", QUESTIONS, ids=BY_ID)
def test_question_is_well_formed(question: dict[str, Any]) -> None:
    options = question["options"]
    assert question.keys() == {
        "id", "content", "options", "correct_answer", "concepts", "difficulty", "discrimination",
    }  # fmt: skip
    assert 3 <= len(options) <= 5
    assert len({option.casefold() for option in options}) == len(options)
    assert options.count(question["correct_answer"]) == 1
    assert all(option == option.strip() != "" for option in options)
    assert question["content"][-1] in ".?"
    assert len(question["concepts"]) == len(CONCEPTS)
    assert set(question["concepts"]) == {0, 1}
    assert sum(question["concepts"]) in {1, 2}
    assert 0 < question["difficulty"] < 1
    assert 0.6 <= question["discrimination"] <= 2.2


@pytest.mark.parametrize("question", QUESTIONS, ids=BY_ID)
def test_no_two_options_are_the_same_number_in_two_forms(question: dict[str, Any]) -> None:
    values = [value for option in question["options"] if (value := quantity(option)) is not None]
    assert len({round(value, 9) for value in values}) == len(values)


@pytest.mark.parametrize("concept", range(len(CONCEPTS)), ids=CONCEPTS)
def test_each_concept_has_30_questions_from_easy_to_hard(concept: int) -> None:
    prefix = ("mat", "alg", "geo", "sta", "cal")[concept]
    questions = [question for question in QUESTIONS if question["id"].startswith(prefix)]
    difficulties = [question["difficulty"] for question in questions]
    assert len(questions) == 30
    assert all(question["concepts"][concept] == 1 for question in questions)
    assert difficulties == sorted(set(difficulties))
    assert difficulties[0] < 0.1
    assert difficulties[-1] > 0.9
    assert max(b - a for a, b in pairwise(difficulties)) < 0.1


def test_some_questions_load_on_two_concepts() -> None:
    on_two = [question for question in QUESTIONS if sum(question["concepts"]) == 2]
    assert 10 <= len(on_two) <= 30


def test_correct_options_are_spread_over_the_first_four_positions() -> None:
    positions = Counter(
        question["options"].index(question["correct_answer"]) for question in QUESTIONS
    )
    assert all(0.2 <= positions[position] / len(QUESTIONS) <= 0.3 for position in range(4))


def test_minus_signs_are_typeset_as_minus_signs() -> None:
    hyphen_before_digit = [
        question["id"]
        for question in QUESTIONS
        if any(f"-{digit}" in str(question) for digit in range(1, 10))
    ]
    assert hyphen_before_digit == []
