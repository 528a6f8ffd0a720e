"""What a test comes to when nothing goes wrong, computed in memory from the answers given."""

from typing import Any
from uuid import UUID

from lib.assessment.pools.item_pool import load_pool
from lib.assessment.sessions.prior import records_of
from lib.assessment.sessions.session import grade, new_session, proficiency
from lib.assessment.sessions.store import read_with_answers
from lib.assessment.sessions.wire import EndCriteria
from lib.deps import Deps

Course = list[tuple[str | None, list[float]]]
"""Question asked next (None: completed) and proficiency, after each answer."""


def undisturbed(session_id: str, deps: Deps) -> Course:
    """The course of the session by the pure functions alone, from its first question on."""
    read = read_with_answers(deps.postgres, UUID(session_id))
    assert read is not None
    row, answers = read
    assert row.pool_id is not None
    assert row.pool_version is not None
    session = new_session(
        row.id,
        row.student_id,
        load_pool(deps.postgres, row.pool_id, row.pool_version),
        EndCriteria.model_validate(row.end_criteria),
        records_of(row.concept_names or (), row.prior),
    )
    course: Course = []
    for answer in answers:
        assert session.next_question_id == answer.question_id
        session = grade(session, answer.response).after
        course.append((session.next_question_id, proficiency(session.posterior)))
    return course


def told(replies: list[dict[str, Any]]) -> Course:
    """The same, from what the student was told."""
    return [
        (reply["next_question"]["id"], reply["current_proficiency"])
        if reply["status"] == "continue"
        else (None, reply["final_proficiency"])
        for reply in replies
    ]
