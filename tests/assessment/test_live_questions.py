"""Right options in live databases are determined; questions without a clear one are listed."""

import math
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.assessment.former_ids import fixed_uuid
from lib.engine import ItemBank
from lib.engine.calibration.parameters import FLATTEST, LARGEST_LOCATION, STEEPEST
from lib.engine.normal import normal_cdf
from tests.assessment.conftest import Rows, Student
from tests.assessment.test_live_databases import Run, create_schema, postgres_url, run
from tests.support.live_assessments import (
    FORM_A,
    FORM_B,
    ODD_POOL,
    ODD_QUESTIONS,
    POOL,
    POOLS_C,
    QUESTIONS_C,
    ROWS_A,
    SESSIONS,
)

__all__ = ["postgres_url", "run"]

TOPIC = f"topic_{POOL}"
INSERT_QUESTION = (
    "INSERT INTO questions (id, pool_id, content, options, correct_answer, concepts, difficulty,"
    " discrimination, topic_id) VALUES (%s, %s, 'x', %s, %s, %s, %s, %s, 1)"
)


@pytest.fixture
def report_on_odd_questions(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> Any:
    """Upgrade a database with unusually written questions; return the body of the response."""
    run(FORM_A, ROWS_A, FORM_B, QUESTIONS_C)
    for name, (options, answer, concepts, _) in ODD_QUESTIONS.items():
        rows(INSERT_QUESTION, name, ODD_POOL, options, answer, concepts, 0.5, 1)
    response = create_schema(client, operator, finish=True)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.usefixtures("report_on_odd_questions")
def test_right_options_are_determined_in_every_spelling_but_only_if_clear(rows: Rows) -> None:
    right_options: dict[str, int | None] = dict(
        rows(
            "SELECT q.id, i.correct_option FROM assessment.questions q"
            " LEFT JOIN assessment.pool_items i ON i.question_id = q.id WHERE q.pool_id = %s",
            fixed_uuid("pool", ODD_POOL),
        )
    )
    assert right_options == {name: right for name, (*_, right) in ODD_QUESTIONS.items()}


def test_questions_without_a_clear_answer_are_listed_in_the_response_and_in_the_pools_report(
    client: TestClient, operator: dict[str, str], report_on_odd_questions: Any
) -> None:
    unclear_ids = sorted(name for name, (*_, right) in ODD_QUESTIONS.items() if right is None)
    lines = [line for line in report_on_odd_questions["results"] if "never asked" in line]
    listed_ids = [
        name for line in lines for name in line.removesuffix(")").rpartition(" (")[2].split(", ")
    ]
    assert sorted(listed_ids) == sorted([*unclear_ids, "lost"])
    pool = client.get(f"/api/pools/{ODD_POOL}", headers=operator).json()
    assert sorted(pool["versions"][0]["not_asked"]) == unclear_ids
    assert pool["pool"]["name"] == ODD_POOL
    response = client.get(f"/api/pools/{ODD_POOL}/questions?limit=50", headers=operator)
    assert response.status_code == 200, response.text
    active_ids = {
        question["id"] for question in response.json()["questions"] if question["is_asked"]
    }
    assert active_ids == ODD_QUESTIONS.keys() - set(unclear_ids)


@pytest.mark.usefixtures("report_on_odd_questions")
def test_test_on_odd_questions_asks_those_with_a_clear_answer(client: TestClient) -> None:
    student = Student(client, ODD_POOL, "zoe")
    student.start(concept_names=["A", "B"])
    question_ids = set()
    while student.question is not None:
        question_ids.add(student.question["id"])
        right_option = ODD_QUESTIONS[student.question["id"]][3]
        assert right_option is not None
        body = student.post(student.question["id"], right_option).json()
        student.question = body.get("next_question")
    assert question_ids == {
        name for name, (*_, right) in ODD_QUESTIONS.items() if right is not None
    }
    assert body["accuracy"] == 1


def upgraded_items(
    client: TestClient,
    operator: dict[str, str],
    run: Run,
    rows: Rows,
    *parameters: tuple[Any, Any],
) -> tuple[list[str], list[tuple[float, float]]]:
    """Upgrade a pool of questions with these difficulties and discriminations.

    Return the report, and difficulty and discrimination of each item.
    """
    run(FORM_A, ROWS_A, FORM_B, QUESTIONS_C)
    for n, (b, a) in enumerate(parameters):
        rows(INSERT_QUESTION, f"n{n}", "numbers", '["one", "two"]', "one", "[1, 1]", b, a)
    body = create_schema(client, operator, finish=True).json()
    items = rows(
        "SELECT difficulty, discrimination FROM assessment.pool_items WHERE pool_id = %s"
        " ORDER BY question_id",
        fixed_uuid("pool", "numbers"),
    )
    return body["results"], items


def test_value_that_is_not_a_number_does_not_put_a_pool_in_logits(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    lines, items = upgraded_items(
        client, operator, run, rows,
        ("NaN", "NaN"), ("Infinity", 0), (0.3, -1), (0.3, "Infinity"), (0.004, 1.5), (None, None),
    )  # fmt: skip
    assert items == [(0.5, 1), (0.5, 1), (0.3, 1), (0.3, 1), (0.004, 1.5), (0.5, 1)]
    assert not any(f"{fixed_uuid('pool', 'numbers')} is in logits" in line for line in lines)
    assert any(
        "a discrimination that is not a number above 0 counts as 1; rows: 4" in line
        for line in lines
    )


def test_pool_in_logits_is_named_and_stays_within_what_calibration_allows(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    lines, items = upgraded_items(
        client, operator, run, rows,
        (-1.5, 1.2), (1.5, 9), (3, 0.1), (-0.02, 0.01), (2, 0), (1, None),
    )  # fmt: skip
    pool = fixed_uuid("pool", "numbers")
    assert any(
        f"{pool} is in logits" in line and "questions converted: 6" in line for line in lines
    )
    norm = math.sqrt(2)  # of [1, 1]
    limit = float(normal_cdf(LARGEST_LOCATION))
    assert items == [
        pytest.approx((float(normal_cdf(-1.5 / (1.2 * norm))), 1.2 * norm / 1.702)),
        pytest.approx((float(normal_cdf(1.5 / (9 * norm))), STEEPEST)),
        pytest.approx((limit, 0.1 * norm / 1.702)),
        pytest.approx((float(normal_cdf(-0.02 / (0.01 * norm))), FLATTEST)),
        pytest.approx((float(normal_cdf(2 / norm)), norm / 1.702)),
        pytest.approx((float(normal_cdf(1 / norm)), norm / 1.702)),
    ]
    bank = ItemBank.from_questions([[1, 1]], *items[0])
    for theta in ([0.0, 0.0], [-2.0, 0.3], [1.0, 1.0]):
        old_probability = 1 / (1 + math.exp(-1.5 - 1.2 * sum(theta)))
        assert bank.probability(theta)[0] == pytest.approx(old_probability, abs=1e-9)
    repaired = client.get(f"/api/pools/{pool}", headers=operator).json()["versions"][0]["repaired"]
    reason = "a difficulty beyond the range of any pool was moved to its limit"
    assert repaired[reason] == ["n2"]
    assert repaired["a discrimination too high for any question was lowered"] == ["n1"]
    assert repaired["a discrimination too low to distinguish students was raised"] == ["n3"]


def test_former_pool_ids_and_concept_names_of_the_old_pools_are_kept(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(FORM_A, ROWS_A, FORM_B, QUESTIONS_C, POOLS_C)
    rows("UPDATE test_sessions SET question_pool_id = 'gone' WHERE id = %s", SESSIONS[0])
    rows(
        "UPDATE test_sessions SET question_pool_id = %s, final_proficiency = '[0.25, 0.75]'"
        " WHERE id = %s",
        TOPIC,
        SESSIONS[1],
    )
    create_schema(client, operator, finish=True)
    proficiency = client.get(f"/api/student/ann/proficiency?session_id={SESSIONS[1]}").json()
    assert (proficiency["concept_names"], proficiency["proficiency"]) == (
        ["Factoring", "Roots"],
        [0.25, 0.75],
    )
    assert rows(
        "SELECT question_pool_id, former_pool_id FROM assessment.test_sessions WHERE id = %s",
        SESSIONS[0],
    ) == [(fixed_uuid("pool", "gone"), "gone")]
    assert rows(
        "SELECT name, rules -> 'concept_names' FROM assessment.question_pools ORDER BY name"
    ) == [(f"advanced_{POOL}", None), (TOPIC, ["Factoring", "Roots"])]
    assert rows("SELECT total_pools FROM v_cache_statistics") == [(2,)]
    student = Student(client, TOPIC, "ann")
    assert student.start()["concept_names"] == ["Factoring", "Roots"]
