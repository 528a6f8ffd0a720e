"""Traces of tests: as the service returned them, and as computed from the recorded answers."""

from typing import Any
from uuid import UUID

from lib.assessment.pools.item_pool import load_pool
from lib.assessment.sessions.prior import records_of
from lib.assessment.sessions.session import grade, new_session, proficiency
from lib.assessment.sessions.store import read_with_answers
from lib.assessment.sessions.wire import EndCriteria
from lib.deps import Deps

Trace = list[tuple[str | None, list[float]]]
"""Id of the next question (None: completed) and proficiency, after each answer."""


def expected_trace(session_id: str, deps: Deps) -> Trace:
    """Return the trace of a session, computed by the pure functions alone."""
    row_with_answers = read_with_answers(deps.postgres, UUID(session_id))
    assert row_with_answers is not None
    row, answers = row_with_answers
    assert row.pool_id is not None
    assert row.pool_version is not None
    session = new_session(
        row.id,
        row.student_id,
        load_pool(deps.postgres, row.pool_id, row.pool_version),
        EndCriteria.model_validate(row.end_criteria),
        records_of(row.concept_names or (), row.prior),
        asked_before=row.asked_before or (),
    )
    trace: Trace = []
    for answer in answers:
        assert session.next_question_id == answer.question_id
        session = grade(session, answer.response).after
        trace.append((session.next_question_id, proficiency(session.posterior)))
    return trace


def actual_trace(responses: list[dict[str, Any]]) -> Trace:
    """Return the trace of a test, taken from the bodies of the responses to its answers."""
    return [
        (response["next_question"]["id"], response["current_proficiency"])
        if response["status"] == "continue"
        else (None, response["final_proficiency"])
        for response in responses
    ]
