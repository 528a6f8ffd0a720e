"""The study page grades, computes mastery and compares copies as the server does."""

import json
import unicodedata
from collections import defaultdict
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from lib.learning.changes.rows import digest_of
from lib.learning.mastery.answers import as_attempt
from lib.learning.mastery.figures import count_all
from lib.learning.mastery_model.calibration import Calibration, ItemParameters, Steps
from lib.learning.mastery_model.default import default_calibration
from lib.learning.syllabus.grading import is_correct, number_of
from tests.support.node_packages import run_node

HERE = Path(__file__).parent
HISTORIES = 150
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
NUMBERS = [
    *(
        "1",
        "1.",
        ".5",
        "-2",
        "+3",
        "\u22122",
        "1,5",
        "1,000.5",
        "1,5,0",
        " 7\t",
        "\x1f8\x85",
        "1_0",
    ),
    *(
        "1e3",
        "1E-3",
        "e3",
        "inf",
        "nan",
        "Infinity",
        "1e999",
        "0x10",
        "",
        ".",
        "1 2",
        "\u0663\u0661",
    ),
    *(
        "\U0001d7d8\U0001d7f9",
        "\uff17.\uff15",
        "\u00b2",
        "\ufeff1",
        "1.2.3",
        "--1",
        "- 1",
        "1e",
        "\u0669",
    ),
]
"""Texts, some of which are numbers."""
FLOATS = [
    0.5,
    1e-5,
    1.5e-7,
    1e16,
    1.25e17,
    123456789.125,
    2.0,
    9.999e15,
    0.0001,
    33.333333333333336,
]
TEXTS = ['"\\/\b\f\n\r\t\x00\x1f\x7f\x80', "é漢😀\u2028", "plain"]


def uuid_from(rng: Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def calibration_from(rng: Random, questions: list[dict[str, Any]]) -> Calibration:
    """Return a calibration with parameters for some of the questions and concepts."""
    calibrated = [each for each in questions if rng.random() < 0.6]
    return replace(
        default_calibration(),
        difficulty=rng.uniform(-2, 2),
        seconds=rng.choice([None, 40.0]),
        steps=Steps(*(rng.random() for _ in range(9))),
        items={
            each["id"]: ItemParameters(
                rng.gauss(0, 1), answers=9, seconds=rng.choice([None, rng.uniform(5, 90)])
            )
            for each in calibrated
        },
        concepts={each["concept_id"]: rng.gauss(0, 1) for each in calibrated},
    )


def history_from(rng: Random) -> dict[str, Any]:
    """Return questions, a student's attempts at them, and a calibration or None.

    The attempts are in random order, some of them at the same time.
    """
    concepts = [str(uuid_from(rng)) for _ in range(3)]
    questions = [
        {
            "id": str(uuid_from(rng)),
            "concept_id": rng.choice(concepts),
            "difficulty": rng.choice(["easy", "medium", "hard"]),
            "expected_time_seconds": rng.choice([20, 30, 90]),
        }
        for _ in range(6)
    ]
    attempts = [
        {
            "id": str(uuid_from(rng)),
            "question_id": rng.choice(questions)["id"],
            "is_correct": rng.random() < 0.6,
            "time_taken_seconds": rng.choice([rng.uniform(1, 300), 9_000.0]),
            "confidence": rng.choice([None, 1, 2, 3, 4, 5]),
            "timestamp": (BEGIN + timedelta(milliseconds=rng.randrange(0, 4_000, 250)))
            .isoformat()
            .replace("+00:00", "Z"),
        }
        for _ in range(rng.randrange(25))
    ]
    calibration = calibration_from(rng, questions) if rng.random() < 0.7 else None
    return {
        "questions": questions,
        "attempts": attempts,
        "calibration": None if calibration is None else calibration.to_values(),
    }


def mastery_by_the_server(history: dict[str, Any]) -> dict[str, list[float]]:
    """Return the mastery of each concept by the server's code: score, skill, attempts, correct."""
    questions = {each["id"]: each for each in history["questions"]}
    values = history["calibration"]
    calibration = default_calibration() if values is None else Calibration.from_values(values)
    attempts = []
    for each in history["attempts"]:
        question = questions[each["question_id"]]
        attempts.append(
            as_attempt(
                UUID(each["id"]),
                UUID(question["id"]),
                UUID(question["concept_id"]),
                question["difficulty"],
                question["expected_time_seconds"],
                each["is_correct"],
                datetime.fromisoformat(each["timestamp"]),
                each["time_taken_seconds"],
                each["confidence"],
            )
        )
    return {
        concept: [
            it.mastery.mastery_score,
            it.skill,
            it.mastery.total_attempts,
            it.mastery.correct_attempts,
        ]
        for concept, it in count_all(attempts, calibration).concepts.items()
    }


def table_from(rng: Random) -> dict[UUID, dict[str, Any]]:
    """Return rows with each kind of value that is synchronised."""
    return {
        uuid_from(rng): {
            "time_taken_seconds": rng.choice(FLOATS),
            "mark": rng.uniform(0, 100),
            "available_hours_per_day": float(rng.randrange(1, 24)),
            "answer": rng.choice(TEXTS),
            "confidence": rng.choice([None, 4]),
            "is_correct": rng.random() < 0.5,
        }
        for _ in range(rng.randrange(6))
    }


def grade_cases() -> list[tuple[dict[str, str], str]]:
    """Return pairs of a question and an answer that is right, nearly right or wrong."""
    words = [
        "Straße",
        "STRASSE",
        " strasse ",
        "\u03a3\u03b1\u03c2",
        "\u03c3\u03b1\u03c3",
        "I",
        "\u0131",
        "i",
        "True",
        "3",
        "3.01",
        "3.0100001",
        "2,99",
    ]
    return [
        ({"question_type": kind, "correct_answer": right}, answer)
        for kind in ("mcq", "true_false", "numerical")
        for right in words
        for answer in words
    ]


CHARACTERS = [
    code for code in range(0x20000) if unicodedata.category(chr(code)) not in {"Cn", "Cs", "Co"}
]


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    rng = Random(18)
    return {
        "histories": [history_from(rng) for _ in range(HISTORIES)],
        "characters": CHARACTERS,
        "numbers": NUMBERS,
        "grades": grade_cases(),
        "tables": [table_from(rng) for _ in range(50)],
    }


@pytest.fixture(scope="module")
def from_page(cases: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("parity") / "cases.json"
    tables = [
        [{"id": str(row_id), "columns": columns} for row_id, columns in table.items()]
        for table in cases["tables"]
    ]
    file.write_text(json.dumps({**cases, "tables": tables}), encoding="utf-8")
    results: dict[str, Any] = json.loads(run_node(["offline_answers.mjs", str(file)], HERE))
    return results


def test_mastery_is_that_of_the_server(cases: dict[str, Any], from_page: dict[str, Any]) -> None:
    masteries = [mastery_by_the_server(history) for history in cases["histories"]]
    assert sum(len(each) for each in masteries) > HISTORIES
    for server_mastery, page_mastery in zip(masteries, from_page["histories"], strict=True):
        assert server_mastery.keys() == page_mastery.keys()
        for concept, figures in server_mastery.items():
            assert figures == pytest.approx(page_mastery[concept], rel=1e-12, abs=1e-12)


def test_texts_are_compared_without_case_as_by_the_server(from_page: dict[str, Any]) -> None:
    groups = defaultdict(list)
    for code in CHARACTERS:
        groups[f"x{chr(code)}x".casefold()].append(code)
    assert sorted(from_page["groups"]) == sorted(groups.values())


def test_outer_blanks_are_those_of_the_server(from_page: dict[str, Any]) -> None:
    assert from_page["blanks"] == [code for code in CHARACTERS if not chr(code).strip()]


def test_numbers_are_read_as_by_the_server(from_page: dict[str, Any]) -> None:
    expected = [number_of(text) for text in NUMBERS]
    assert None in expected
    assert from_page["numbers"] == expected


def test_answers_are_graded_as_by_the_server(
    cases: dict[str, Any], from_page: dict[str, Any]
) -> None:
    expected = [
        is_correct(question["question_type"], question["correct_answer"], answer)
        for question, answer in cases["grades"]
    ]
    assert from_page["grades"] == expected
    assert 0 < sum(expected) < len(expected)


def test_digests_are_those_of_the_server(cases: dict[str, Any], from_page: dict[str, Any]) -> None:
    expected = [asdict(digest_of(table)) for table in cases["tables"]]
    assert from_page["digests"] == expected
    assert sum(each["count"] for each in expected) > len(expected)
