"""A request counts once and gets the same response, however often and concurrently it is sent."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.assessment.sessions.cache import delete_snapshots
from lib.assessment.sessions.store import NewAnswer, record_answer
from lib.database.postgres import Postgres, Transaction
from lib.deps import Deps
from tests.assessment.conftest import (
    CONCEPTS,
    Rows,
    Student,
    correct_option,
    make_questions,
    upload,
    versions,
    wait_for_a_lock,
)


def at_once(count: int, call: Callable[[int], Any]) -> list[Any]:
    """Make the calls in parallel threads that one barrier releases together."""
    barrier = threading.Barrier(count)

    def wait_and_call(number: int) -> Any:
        barrier.wait()
        return call(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait_and_call, range(count)))


def status_and_body(response: Any) -> tuple[int, str]:
    return response.status_code, json.dumps(response.json(), sort_keys=True)


@pytest.mark.parametrize("last", [False, True])
def test_thirty_identical_submits_record_one_answer_and_get_one_response(
    ann: Student, rows: Rows, last: bool
) -> None:
    ann.start(end_criteria={"max_questions": 2})
    if last:
        ann.answer()
    assert ann.question
    question, option = ann.question["id"], correct_option(ann.question)
    responses = {
        status_and_body(response) for response in at_once(30, lambda _: ann.post(question, option))
    }
    assert len(responses) == 1
    assert next(iter(responses))[0] == 200
    count = 2 if last else 1
    assert rows(
        "SELECT count(*), count(DISTINCT proficiency_after) FROM assessment.test_responses"
    ) == [(count, count)]
    assert rows("SELECT total_questions, correct_responses FROM assessment.test_sessions") == [
        (count, count)
    ]


def test_repeat_during_the_recording_of_the_last_answer_gets_its_figures(
    ann: Student, deps: Deps, postgres_url: str, rows: Rows
) -> None:
    """If two statements read session and answers, they could see the answer but not the result."""
    ann.start(end_criteria={"max_questions": 1})
    assert ann.question
    session_id, question_id = UUID(ann.session_id), ann.question["id"]
    delete_snapshots(deps.redis, [session_id])
    answer = NewAnswer(
        session_id=session_id,
        pool_version=versions(rows)[-1],
        position=0,
        question_id=question_id,
        response=0,
        is_correct=False,
        initial_proficiency=[0.5] * CONCEPTS,
        proficiency=[0.25] * CONCEPTS,
        confidence=[0.5] * CONCEPTS,
        learning_gain=-0.25,
        test_efficiency=0.125,
        next_question_id=None,
        question_to_read=None,
        end_reason="max_questions",
    )
    with ThreadPoolExecutor(1) as pool, psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE assessment.test_responses")
        repeat = pool.submit(ann.post, question_id, 0)
        wait_for_a_lock(rows)
        assert record_answer(cast("Postgres", Transaction(other)), answer)
        other.commit()
        summary = repeat.result().json()["test_summary"]
    assert (summary["learning_gain"], summary["test_efficiency"]) == (-0.25, 0.125)


def test_repeated_submit_returns_the_original_response(ann: Student, rows: Rows) -> None:
    ann.start(end_criteria={"max_questions": 4})
    answers: list[tuple[str, int]] = []
    responses = []
    for right in (True, False, True, False):
        assert ann.question
        option = correct_option(ann.question)
        answers.append((ann.question["id"], option if right else (option + 1) % 4))
        responses.append(ann.answer(right=right))
    assert [response.get("updated_proficiency") for response in responses] == [
        response.get("current_proficiency") for response in responses
    ]
    assert all(response["updated_proficiency"] for response in responses[:-1])
    before = rows("SELECT * FROM assessment.test_responses ORDER BY position")
    assert [ann.post(*answer).json() for answer in answers] == responses
    assert [ann.post(*answer).json() for answer in reversed(answers)] == list(reversed(responses))
    assert rows("SELECT * FROM assessment.test_responses ORDER BY position") == before


def test_of_two_different_concurrent_answers_one_counts_and_the_other_gets_409(
    ann: Student, rows: Rows
) -> None:
    for _ in range(5):
        ann.start()
        assert ann.question
        question = ann.question["id"]
        responses = at_once(2, partial(ann.post, question))
        (stored,) = rows(
            "SELECT response, id::text FROM assessment.test_responses WHERE session_id = %s",
            ann.session_id,
        )
        winner, loser = responses[stored[0]], responses[1 - stored[0]]
        assert winner.status_code == 200
        assert loser.status_code == 409
        assert loser.json()["code"] == "other_answer_stored"
        assert f"option {stored[0]} (answer {stored[1]})" in loser.json()["error"]
        ann.end()


def test_only_the_next_question_can_be_answered(ann: Student, rows: Rows) -> None:
    expected = ann.start()["next_question"]["id"]
    for other in ("q0", "q1", "no such question"):
        if other == expected:
            continue
        response = ann.post(other, 0)
        assert response.status_code == 409
        assert response.json()["code"] == "not_the_question_asked"
        assert expected in response.json()["error"]
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(0,)]


def test_answer_past_the_last_option_is_refused(ann: Student, rows: Rows) -> None:
    ann.start()
    assert ann.question
    response = ann.post(ann.question["id"], 4)
    assert (response.status_code, response.json()["code"]) == (422, "no_such_option")
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(0,)]
    assert ann.post(ann.question["id"], 3).status_code == 200


def test_another_students_id_is_refused(ann: Student, rows: Rows) -> None:
    ann.start()
    assert ann.question
    response = ann.post(ann.question["id"], 0, student_id="bob")
    assert (response.status_code, response.json()["code"]) == (403, "other_student")
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(0,)]
    assert ann.post(ann.question["id"], 0, student_id="ann").status_code == 200


def test_unknown_session_is_not_found(ann: Student) -> None:
    ann.session_id = "5f0c6b8e-3f0d-4b0e-9a52-0d8f6f2f7b11"
    assert ann.post("q1", 0).status_code == 404
    assert ann.client.get(f"/api/test/status/{ann.session_id}").status_code == 404
    assert ann.client.post(f"/api/test/end/{ann.session_id}").status_code == 404


def test_start_with_the_id_of_a_running_test_resumes_it(ann: Student) -> None:
    first = ann.start()
    response = ann.answer()
    resumed = ann.resume()
    assert resumed == {**first, "next_question": response["next_question"]}
    assert ann.answer()["questions_answered"] == 2


def test_student_may_have_tests_on_two_pools(
    client: TestClient, pool_id: str, operator: dict[str, str]
) -> None:
    other = upload(client, operator, make_questions(10, "other"))
    assert (
        Student(client, pool_id).start()["session_id"]
        != Student(client, other).start()["session_id"]
    )


def test_ten_concurrent_ends_complete_a_test_once(ann: Student, rows: Rows) -> None:
    ann.start()
    for right in (True, True, False):
        ann.answer(right=right)
    ends = at_once(10, lambda _: ann.end())
    assert all(end == ends[0] for end in ends)
    assert ends[0]["summary"]["total_questions"] == 3
    assert rows("SELECT status, end_reason FROM assessment.test_sessions") == [
        ("completed", "ended")
    ]
    closed_at = rows("SELECT completed_at FROM assessment.test_sessions")
    assert ann.end() == ends[0]
    assert rows("SELECT completed_at FROM assessment.test_sessions") == closed_at
    assert rows("SELECT count(*) FROM assessment.student_proficiencies") == [(5,)]


def test_submit_concurrent_with_end_is_counted_or_refused(ann: Student, rows: Rows) -> None:
    for _ in range(15):
        ann.start()
        ann.answer()
        assert ann.question
        question = ann.question["id"]
        calls = (partial(ann.post, question, 0), ann.end)
        response, end = at_once(2, lambda number, calls=calls: calls[number]())  # type: ignore[misc]
        summary = ann.end()["summary"]
        stored = rows(
            "SELECT count(*) FROM assessment.test_responses WHERE session_id = %s", ann.session_id
        )[0][0]
        assert response.status_code in {200, 409}
        assert stored == summary["total_questions"] == (2 if response.status_code == 200 else 1)
        assert end["summary"] == summary


def test_closed_test_accepts_no_answers(ann: Student, rows: Rows) -> None:
    ann.start()
    assert ann.question
    question = ann.question["id"]
    ann.end()
    response = ann.post(question, 0)
    assert (response.status_code, response.json()["code"]) == (409, "session_closed")
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(0,)]


def test_recorded_answers_and_items_of_a_pool_cannot_be_changed(ann: Student, rows: Rows) -> None:
    ann.start()
    ann.answer()
    for table in ("test_responses", "pool_items"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(f"UPDATE assessment.{table} SET question_id = 'x'")
