"""Calibration of a pool writes a version from recorded answers; running sessions keep theirs."""

import json
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.assessment.calibration import store
from lib.assessment.calibration.run import calibrate_pool
from lib.assessment.pools.item_pool import load_pool
from lib.deps import Deps
from lib.engine import HALF_LIFE_DAYS
from tests.assessment.conftest import Rows, Student, make_questions, upload, versions
from tests.contract.call import OPERATOR

CONCEPTS = 2
QUESTIONS = 30
STUDENTS = 150
CRON = {"Authorization": "Bearer a secret for the tests' cron"}


def true_locations() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.linspace(-1.5, 1.5, QUESTIONS)


@pytest.fixture
def pool_id(client: TestClient, operator: dict[str, str]) -> str:
    """A pool in which the author gave every question a medium difficulty."""
    questions = [
        {**question, "difficulty": 0.5, "discrimination": 1.0}
        for question in make_questions(QUESTIONS, concepts=CONCEPTS)
    ]
    return upload(client, operator, questions, trains=True)


def record_answers(
    postgres_url: str,
    pool_id: str,
    *,
    students: int = STUDENTS,
    nth_version: int | None = 0,
    prefix: str = "s",
    year: int = 2025,
    questions: range = range(QUESTIONS),
    seed: int = 1,
    question_prefix: str = "q",
) -> None:
    """Record closed sessions of students who answered each of `questions`.

    The sessions are on the pool's version number `nth_version`, counted from 0; if that is None,
    on no version, as in older deployments.
    """
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(students, CONCEPTS))
    concept = np.arange(QUESTIONS) % CONCEPTS
    logit = 1.7 * (theta[:, concept] - true_locations())
    right = rng.random(logit.shape) < 1 / (1 + np.exp(-logit))
    sessions = [uuid4() for _ in range(students)]
    names = [f"{prefix}{i}" for i in range(students)]
    with psycopg.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT version FROM assessment.pool_versions WHERE pool_id = %s ORDER BY version",
            (pool_id,),
        )
        version = None if nth_version is None else cursor.fetchall()[nth_version][0]
        cursor.executemany(
            "INSERT INTO assessment.examinees (id) VALUES (%s) ON CONFLICT DO NOTHING",
            [(name,) for name in names],
        )
        cursor.executemany(
            "INSERT INTO assessment.test_sessions (id, student_id, question_pool_id, status,"
            " total_questions, pool_version) VALUES (%s, %s, %s, 'completed', %s, %s)",
            [
                (session, name, pool_id, QUESTIONS, version)
                for session, name in zip(sessions, names, strict=True)
            ],
        )
        with cursor.copy(
            "COPY assessment.test_responses"
            " (student_id, session_id, question_id, response, is_correct, timestamp) FROM STDIN"
        ) as copy:
            for i, session in enumerate(sessions):
                for j in questions:
                    copy.write_row(
                        (
                            names[i],
                            session,
                            f"{question_prefix}{j}",
                            0,
                            bool(right[i, j]),
                            f"{year}-06-01",
                        )
                    )


def accept(client: TestClient, pool_id: str, accepted: Any) -> Any:
    """Accept waiting estimates; return the response, whatever its status."""
    body = {"question_pool_id": pool_id, "accept": accepted}
    return client.post("/api/admin-calibrate", json=body, headers=OPERATOR)


def calibrate(
    client: TestClient, operator: dict[str, str], pool_id: str, *, accepts: bool = True
) -> dict[str, Any]:
    """Calibrate a pool; if `accepts` is true, accept estimates that need to be accepted."""
    response = client.post(
        "/api/admin-calibrate", json={"question_pool_id": pool_id}, headers=operator
    )
    assert response.status_code == 200, response.text
    (pool,) = response.json()["pools"]
    if pool["outcome"] == "needs_acceptance" and accepts:
        (pool,) = accept(client, pool_id, pool["proposal"]).json()["pools"]
    result: dict[str, Any] = pool
    return result


def test_calibration_estimates_the_true_difficulty(
    client: TestClient,
    operator: dict[str, str],
    pool_id: str,
    postgres_url: str,
    deps: Deps,
    rows: Rows,
) -> None:
    record_answers(postgres_url, pool_id)
    pool = calibrate(client, operator, pool_id)
    assert pool["outcome"] == "calibrated"
    assert pool["version"] == versions(rows)[1]
    assert (pool["answers"], pool["people"]) == (STUDENTS * QUESTIONS, STUDENTS)
    bank = load_pool(deps.postgres, UUID(pool_id), pool["version"]).bank
    location = -bank.intercepts / np.linalg.norm(bank.slopes, axis=1)
    assert np.corrcoef(location, true_locations())[0, 1] > 0.97
    assert "q0" in pool["drifted"]
    assert "q29" in pool["drifted"]


def test_version_keeps_errors_flags_and_the_correlations_of_abilities(
    client: TestClient, operator: dict[str, str], pool_id: str, postgres_url: str, rows: Rows
) -> None:
    record_answers(postgres_url, pool_id)
    calibrate(client, operator, pool_id)
    ((origin, covariance, report),) = rows(
        "SELECT origin, prior_covariance, report FROM assessment.pool_versions WHERE version = %s",
        versions(rows)[1],
    )
    assert origin == "calibration"
    assert len(covariance) == CONCEPTS**2
    assert covariance[0] == covariance[3] == 1
    assert report["people"] == STUDENTS
    ((notes,),) = rows(
        "SELECT calibration FROM assessment.pool_items WHERE version = %s AND position = 0",
        versions(rows)[1],
    )
    assert notes["answers"] == STUDENTS
    assert 0 < notes["difficulty_error"] < 0.1
    assert notes["drifted"] is True


def test_running_session_keeps_the_version_it_started_with(
    client: TestClient, operator: dict[str, str], pool_id: str, postgres_url: str, rows: Rows
) -> None:
    ann = Student(client, pool_id)
    ann.start(concept_names=["Algebra", "Geometry"])
    ann.answer()
    record_answers(postgres_url, pool_id)
    calibrate(client, operator, pool_id)
    ann.answer(right=False)
    bob = Student(client, pool_id, "bob")
    bob.start(concept_names=["Algebra", "Geometry"])
    active = rows(
        "SELECT student_id, pool_version FROM assessment.test_sessions WHERE status = 'active'"
        " ORDER BY student_id"
    )
    first, second = versions(rows)
    assert active == [("ann", first), ("bob", second)]


def test_every_calibration_shrinks_towards_the_parameters_that_the_author_wrote(
    client: TestClient, operator: dict[str, str], pool_id: str, postgres_url: str, deps: Deps
) -> None:
    """If the second shrank towards the first, its estimates would move on in the same direction."""
    record_answers(postgres_url, pool_id)
    first = calibrate(client, operator, pool_id)
    second = calibrate(client, operator, pool_id)
    assert second["version"] > first["version"]
    assert second["drifted"] == []
    first_bank, second_bank = (
        load_pool(deps.postgres, UUID(pool_id), result["version"]).bank
        for result in (first, second)
    )
    assert second_bank.intercepts == pytest.approx(first_bank.intercepts, abs=0.02)


def test_uploading_the_same_questions_again_keeps_the_calibration(
    client: TestClient, operator: dict[str, str], pool_id: str, postgres_url: str, rows: Rows
) -> None:
    record_answers(postgres_url, pool_id)
    calibrate(client, operator, pool_id)
    same_questions = [
        {**question, "difficulty": 0.5, "discrimination": 1.0}
        for question in make_questions(QUESTIONS, concepts=CONCEPTS)
    ]
    upload(client, operator, same_questions, pool_id)
    assert len(versions(rows)) == 2


def test_answers_to_an_older_text_of_a_question_do_not_count(
    client: TestClient, operator: dict[str, str], pool_id: str, postgres_url: str, rows: Rows
) -> None:
    record_answers(postgres_url, pool_id)
    question = make_questions(QUESTIONS, concepts=CONCEPTS)[3]
    rewritten = {**question, "content": "Another one?", "difficulty": 0.5, "discrimination": 1.0}
    upload(client, operator, [rewritten], pool_id)
    pool = calibrate(client, operator, pool_id)
    assert pool["questions"] == QUESTIONS - 1
    assert pool["answers"] == STUDENTS * (QUESTIONS - 1)
    assert rows(
        "SELECT count(*) FROM assessment.pool_items WHERE position = 3 AND version = %s",
        versions(rows)[2],
    ) == [(0,)]


def test_second_answer_of_a_student_to_a_question_does_not_count(
    client: TestClient, operator: dict[str, str], pool_id: str, postgres_url: str
) -> None:
    record_answers(postgres_url, pool_id)
    record_answers(postgres_url, pool_id, seed=2)
    pool = calibrate(client, operator, pool_id)
    assert pool["answers"] == STUDENTS * QUESTIONS


def test_student_who_returns_after_a_year_counts_as_another_person(
    client: TestClient, operator: dict[str, str], pool_id: str, postgres_url: str
) -> None:
    record_answers(postgres_url, pool_id, students=10, questions=range(15))
    record_answers(postgres_url, pool_id, students=10, questions=range(15, 30), year=2024)
    assert calibrate(client, operator, pool_id)["people"] == 20


def test_answers_are_limited_by_drawing_whole_respondents(
    pool_id: str, postgres_url: str, deps: Deps
) -> None:
    record_answers(postgres_url, pool_id)
    data = store.read_calibration_data(deps.postgres, UUID(pool_id), 1_000, HALF_LIFE_DAYS)
    assert data is not None
    counts = np.bincount(data.answers.person)
    assert set(counts.tolist()) == {QUESTIONS}
    assert counts.sum() == 990  # 33 respondents; a 34th would exceed 1,000
    assert data.answers.recorded_count == STUDENTS * QUESTIONS


def test_few_answers_write_no_version(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    ann = Student(client, pool_id)
    ann.start(concept_names=["Algebra", "Geometry"])
    ann.answer()
    assert calibrate(client, operator, pool_id)["outcome"] == "too_few_answers"
    assert len(versions(rows)) == 1


def test_estimates_are_dropped_if_questions_were_uploaded_in_the_meantime(
    pool_id: str, postgres_url: str, deps: Deps, rows: Rows
) -> None:
    """The calibration reads the clock after the answers, and before it writes the estimates.

    The clock of this test changes the pool's version when it is read, as an upload does.
    """
    record_answers(postgres_url, pool_id)
    rows(
        "INSERT INTO assessment.pool_versions (pool_id, version, origin, question_count)"
        " SELECT id, current_version + 1, 'upload', %s FROM assessment.question_pools",
        QUESTIONS,
    )
    _, uploaded_version = versions(rows)

    def clock() -> float:
        rows("UPDATE assessment.question_pools SET current_version = %s", uploaded_version)
        return 0.0

    assert calibrate_pool(UUID(pool_id), deps, clock=clock).outcome == "changed_meanwhile"
    assert len(versions(rows)) == 2


def test_schedule_calibrates_only_pools_with_new_answers(
    client: TestClient, pool_id: str, postgres_url: str, rows: Rows
) -> None:
    record_answers(postgres_url, pool_id)
    first = client.get("/api/calibrate", headers=CRON)
    assert [pool["question_pool_id"] for pool in first.json()["pools"]] == [pool_id]
    assert client.get("/api/calibrate", headers=CRON).json()["pools"] == []
    accept(client, pool_id, True)
    record_answers(postgres_url, pool_id, students=8, prefix="new", nth_version=1, seed=4)
    third = client.get("/api/calibrate", headers=CRON).json()["pools"]
    assert [pool["version"] for pool in third] == versions(rows)[2:]


@pytest.mark.parametrize("headers", [{}, CRON, {"Authorization": "Bearer wrong"}])
def test_only_operators_start_a_calibration(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/api/admin-calibrate", json={}, headers=headers).status_code == 401


def test_only_the_schedule_calls_the_scheduled_path(
    client: TestClient, operator: dict[str, str]
) -> None:
    assert client.get("/api/calibrate").status_code == 401
    assert client.get("/api/calibrate", headers=operator).status_code == 401


def test_unknown_pool_is_not_found(client: TestClient, operator: dict[str, str]) -> None:
    response = client.post(
        "/api/admin-calibrate", json={"question_pool_id": str(uuid4())}, headers=operator
    )
    assert response.status_code == 404


def test_no_response_shows_which_option_is_correct(
    client: TestClient, operator: dict[str, str], pool_id: str, postgres_url: str
) -> None:
    record_answers(postgres_url, pool_id)
    assert "canary" not in json.dumps(calibrate(client, operator, pool_id))
