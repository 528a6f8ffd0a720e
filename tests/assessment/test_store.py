"""Statements and cache calls on which concurrent requests depend, each tested on its own."""

import threading
from typing import Any
from uuid import UUID

import psycopg
import pytest

from lib.assessment.sessions import cache
from lib.assessment.sessions.store import NewAnswer, record_answer
from lib.deps import Deps
from tests.assessment.conftest import Rows, Student, versions, wait_for_a_lock


def new_answer(student: Student, rows: Rows, **change: Any) -> NewAnswer:
    """Return a student's second answer, to the current question, with these fields changed."""
    assert student.question
    fields = {
        "pool_version": versions(rows)[0],
        "session_id": UUID(student.session_id),
        "position": 1,
        "question_id": student.question["id"],
        "response": 0,
        "is_correct": True,
        "initial_proficiency": [0.5] * 5,
        "proficiency": [0.6] * 5,
        "confidence": [0.1] * 5,
        "learning_gain": 0.1,
        "test_efficiency": 0.1,
        "next_question_id": "q0",
        "question_to_read": "q0",
        "end_reason": None,
    }
    return NewAnswer(**{**fields, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"position": 0},
        {"position": 2},
        {"pool_version": 2},
        {"question_id": "q59"},
        {"session_id": UUID("5f0c6b8e-3f0d-4b0e-9a52-0d8f6f2f7b11")},
    ],
)
def test_session_accepts_only_the_answer_it_waits_for(
    change: dict[str, Any], ann: Student, deps: Deps, rows: Rows
) -> None:
    ann.start()
    ann.answer()
    sessions_before = rows("SELECT * FROM assessment.test_sessions")
    assert record_answer(deps.postgres, new_answer(ann, rows, **change)) is None
    assert rows("SELECT * FROM assessment.test_sessions") == sessions_before
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(1,)]
    assert record_answer(deps.postgres, new_answer(ann, rows)) is not None


def test_close_waits_for_an_uncommitted_answer_and_counts_it(
    ann: Student, rows: Rows, postgres_url: str
) -> None:
    ann.start()
    close_query = "SELECT assessment.close_session(%s, 'completed', 'ended')"
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "WITH a AS (INSERT INTO assessment.test_responses"
            " (student_id, session_id, question_id, response, is_correct, position)"
            " VALUES ('ann', %(id)s, 'q1', 0, TRUE, 0))"
            " UPDATE assessment.test_sessions SET total_questions = 1 WHERE id = %(id)s",
            {"id": ann.session_id},
        )
        closing_thread = threading.Thread(target=rows, args=(close_query, ann.session_id))
        closing_thread.start()
        wait_for_a_lock(rows)
        connection.commit()
        closing_thread.join()
    assert rows(
        "SELECT status, total_questions, correct_responses FROM assessment.test_sessions"
    ) == [("completed", 1, 1)]


def test_snapshot_removed_in_the_meantime_is_not_written_back(ann: Student, deps: Deps) -> None:
    """An end that overtook a submit has removed the snapshot; the submit must not restore it."""
    ann.start()
    session_id = UUID(ann.session_id)
    lock = cache.lock_and_read(deps.redis, session_id, "q1")
    assert lock.acquired
    assert lock.snapshot
    cache.delete_snapshots(deps.redis, [session_id])
    cache.write_and_unlock(deps.redis, lock, session_id, "q1", "new", None)
    assert cache.read_snapshot(deps.redis, session_id) is None
    second_lock = cache.lock_and_read(deps.redis, session_id, "q1")
    assert second_lock.acquired, "the lock was released"
    cache.write_and_unlock(deps.redis, second_lock, session_id, "q1", "new", None)
    assert cache.read_snapshot(deps.redis, session_id) == "new"


def test_second_start_does_not_replace_a_snapshot(ann: Student, deps: Deps) -> None:
    ann.start()
    session_id = UUID(ann.session_id)
    ann.answer()
    snapshot_before = cache.read_snapshot(deps.redis, session_id)
    cache.read_question_and_add_snapshot(
        deps.redis, session_id, "the first snapshot", "q1", 1, is_new=False
    )
    assert cache.read_snapshot(deps.redis, session_id) == snapshot_before


def test_answer_time_is_measured_by_the_databases_clock(ann: Student, rows: Rows) -> None:
    ann.start()
    rows("UPDATE assessment.test_sessions SET asked_at = asked_at - interval '90 s'")
    ann.answer()
    ((seconds,),) = rows("SELECT seconds::float FROM assessment.test_responses")
    assert 90 <= seconds < 100
