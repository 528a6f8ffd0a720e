"""`seconds` is the time from asking a question to recording its answer."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from lib.assessment.sessions import snapshot
from lib.deps import Deps
from tests.assessment.conftest import Rows, Student, make_questions, upload
from tests.assessment.test_exactly_once import at_once
from tests.assessment.tickets import TicketHolder, issue

SECONDS = "SELECT seconds::float FROM assessment.test_responses ORDER BY position"


def let_pass(rows: Rows, seconds: int) -> None:
    """Move the start, the question and the last activity of all sessions back by `seconds`."""
    rows(
        "UPDATE assessment.test_sessions SET started_at = started_at - make_interval(secs => %s),"
        " asked_at = asked_at - make_interval(secs => %s),"
        " last_activity = last_activity - make_interval(secs => %s)",
        *[seconds] * 3,
    )


def close_to(*seconds: float) -> list[Any]:
    return [(pytest.approx(value, abs=8),) for value in seconds]


def test_a_reload_does_not_restart_the_time(ann: Student, rows: Rows) -> None:
    ann.start()
    let_pass(rows, 40)
    ann.resume()
    let_pass(rows, 50)
    ann.resume()
    ann.answer()
    assert rows(SECONDS) == close_to(90)


def test_each_question_has_a_time_of_its_own(ann: Student, rows: Rows) -> None:
    ann.start()
    let_pass(rows, 30)
    ann.answer()
    let_pass(rows, 100)
    ann.resume()
    let_pass(rows, 20)
    ann.answer()
    assert rows(SECONDS) == close_to(30, 120)


def test_starting_with_the_ticket_again_does_not_restart_the_time(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    (ticket,) = issue(client, operator, pool_id, "ann")
    ann = TicketHolder(client, ticket)
    ann.start()
    let_pass(rows, 60)
    ann.start()
    ann.answer()
    assert rows(SECONDS) == close_to(60)


def test_a_reload_keeps_the_test_open(ann: Student, rows: Rows) -> None:
    """Ten reloads 20 minutes apart; the answer still took 200 minutes."""
    ann.start()
    for _ in range(10):
        let_pass(rows, 20 * 60)
        ann.resume()
    ann.answer()
    assert rows(SECONDS) == close_to(12_000)


@pytest.mark.parametrize("is_flushed", [False, True])
def test_an_answer_that_is_sent_again_keeps_its_time(
    ann: Student, rows: Rows, deps: Deps, is_flushed: bool
) -> None:
    ann.start()
    let_pass(rows, 25)
    assert ann.question
    question = ann.question["id"]
    at_once(5, lambda _: ann.post(question, 0))
    let_pass(rows, 500)
    if is_flushed:
        assert deps.redis
        deps.redis.pipeline([["FLUSHALL"]])
    assert ann.post(question, 0).status_code == 200
    assert rows(SECONDS) == close_to(25)


def test_a_session_from_before_the_upgrade_is_timed_from_its_last_activity(
    ann: Student, rows: Rows
) -> None:
    ann.start()
    rows("UPDATE assessment.test_sessions SET asked_at = NULL")
    let_pass(rows, 70)
    ann.answer()
    let_pass(rows, 10)
    ann.answer()
    assert rows(SECONDS) == close_to(70, 10)


def test_snapshot_of_the_longest_test_holds_all_its_answers(
    client: TestClient, operator: dict[str, str], deps: Deps
) -> None:
    """Another process therefore restores the session without Postgres."""
    ann = Student(client, upload(client, operator, make_questions(200)))
    ann.start(end_criteria={"max_questions": 200})
    for number in range(195):
        ann.answer(right=number % 2 == 0)
    assert deps.redis
    (text,) = deps.redis.pipeline([["GET", f"session:{ann.session_id}:state"]]) or [None]
    decoded_snapshot = snapshot.decode(UUID(ann.session_id), text)
    assert decoded_snapshot is not None
    assert decoded_snapshot.is_complete
    assert len(decoded_snapshot.items) == 195
