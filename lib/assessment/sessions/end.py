"""End of tests, at the caller's request or by the clean-up, and their status.

numpy is imported only by the functions that need it.
"""

import time
from typing import Any
from uuid import UUID

from lib.assessment.pools.question import Question
from lib.assessment.sessions import cache, store
from lib.assessment.sessions.retention import remove_old_tests
from lib.assessment.sessions.store import ResumeRow, SessionRow
from lib.assessment.sessions.summary import summary_of
from lib.assessment.sessions.wire import (
    EndCriteria,
    EndOut,
    QuestionOut,
    SessionCleanupIn,
    SessionCleanupOut,
    StatusOut,
)
from lib.assessment.telling import as_told, is_told
from lib.deps import Deps
from lib.errors import SessionNotFound
from lib.logs import log

BATCH = 500
"""Number of sessions that one statement closes."""
MAX_SECONDS = 20.0
"""Time after which a clean-up stops; the next one closes the remaining sessions."""


def end(session_id: UUID, deps: Deps) -> EndOut:
    """Close a test and return its result; a closed test returns the same result again.

    Raises:
        SessionNotFound: If the session does not exist.
    """
    cached_initial = _initial_in_snapshot(session_id, cache.read_snapshot(deps.redis, session_id))
    row = store.end_session(deps.postgres, session_id, cached_initial)
    if row is None:
        raise SessionNotFound
    cache.delete_snapshots(deps.redis, [session_id])
    return _result(row, row.initial_proficiency or _store_initial(row, deps))


def status(session_id: UUID, deps: Deps) -> StatusOut:
    """Return the state of a test as recorded; one that was idle too long counts as expired.

    Raises:
        SessionNotFound: If the session does not exist.
    """
    rows = store.read_to_resume(deps.postgres, session_id)
    if rows is None:
        raise SessionNotFound
    row, resume = rows
    active = row.status == "active" and not row.is_idle and row.pool_version is not None
    latest = None
    if _is_told(row):
        latest = row.final_proficiency or row.current_proficiency or row.initial_proficiency
        latest = as_told(row.tells, latest or _prior_proficiency(row, deps))
    return StatusOut(
        status="expired" if row.status == "active" and not active else row.status,
        current_proficiency=latest,
        questions_answered=row.total_questions,
        is_active=active,
        **_resume_fields(row, resume, deps) if active and resume is not None else {"progress": 1.0},
    )


def close_idle_sessions(body: SessionCleanupIn, deps: Deps) -> SessionCleanupOut:
    """Close sessions that have been idle for the given time, until `MAX_SECONDS` have passed.

    Their answers stay recorded.
    """
    stop_at = time.monotonic() + MAX_SECONDS
    closed_count = 0
    while time.monotonic() < stop_at:
        ids = store.expire_idle(deps.postgres, body.inactivity_minutes, BATCH)
        cache.delete_snapshots(deps.redis, ids)
        closed_count += len(ids)
        if len(ids) < BATCH:
            break
    log("sessions_expired", count=closed_count, idle_minutes=body.inactivity_minutes)
    return SessionCleanupOut(
        sessions_removed=closed_count, inactivity_threshold_minutes=body.inactivity_minutes
    )


def clean_up_on_schedule(deps: Deps) -> SessionCleanupOut:
    """Close sessions that were idle for 30 minutes; remove tests past their retention time."""
    closed = close_idle_sessions(SessionCleanupIn(), deps)
    removed = remove_old_tests(deps)
    return closed.model_copy(
        update={"tests_removed": removed.tests, "proficiencies_removed": removed.proficiencies}
    )


def _resume_fields(row: SessionRow, resume: ResumeRow, deps: Deps) -> dict[str, Any]:
    """Return the fields of a status that a page needs to go on with an active test."""
    criteria = EndCriteria.model_validate(row.end_criteria)
    longest = min(criteria.max_questions, resume.question_count)
    question = None if resume.question is None else Question(**resume.question)
    if row.next_question_id is None:
        question = _first_question(row, deps)
    return {
        "concept_names": row.concept_names,
        "next_question": None if question is None else QuestionOut.of(question),
        "min_questions": min(criteria.min_questions, longest),
        "max_questions": longest,
        "progress": round(min(row.total_questions / max(longest, 1), 1.0), 6),
    }


def _first_question(row: SessionRow, deps: Deps) -> Question | None:
    """Return the question of a session without answers, which follows from its row and pool."""
    if row.pool_id is None or row.pool_version is None:
        return None
    from lib.assessment.pools.item_pool import item_pool
    from lib.assessment.sessions.session import rebuild

    pool = item_pool(deps.postgres, row.pool_id, row.pool_version)
    question_id = rebuild(row, [], pool).next_question_id
    if question_id is None:
        return None
    return pool.question_cache.get(question_id) or store.read_question(
        deps.postgres, question_id, row.pool_version
    )


def _initial_in_snapshot(session_id: UUID, stored: object) -> list[float] | None:
    """Return a snapshot's initial proficiency; None after the first answer, which records it."""
    if stored is None:
        return None
    from lib.assessment.sessions.snapshot import decode

    snapshot = decode(session_id, stored)
    if snapshot is None or snapshot.questions_answered > 0:
        return None
    return snapshot.current_proficiency


def _store_initial(row: SessionRow, deps: Deps) -> list[float]:
    """Compute the initial proficiency of a session without answers, and store it."""
    initial_proficiency = _prior_proficiency(row, deps)
    if initial_proficiency:
        store.set_initial_proficiency(deps.postgres, row.id, initial_proficiency)
    return initial_proficiency


def _prior_proficiency(row: SessionRow, deps: Deps) -> list[float]:
    """Compute a session's initial proficiency; [] for a session of an older deployment."""
    if row.pool_id is None or row.pool_version is None:
        return []
    from lib.assessment.pools.item_pool import item_pool
    from lib.assessment.sessions.prior import records_of, session_prior
    from lib.assessment.sessions.session import proficiency

    pool = item_pool(deps.postgres, row.pool_id, row.pool_version)
    records = records_of(row.concept_names or (), row.prior)
    return proficiency(session_prior(records, pool.correlation))


def _is_told(row: SessionRow) -> bool:
    return is_told(row.tells, row.status, row.total_questions, row.end_criteria)


def _result(row: SessionRow, initial: list[float]) -> EndOut:
    if not _is_told(row):
        return EndOut()
    final = row.final_proficiency or initial
    return EndOut(
        final_proficiency=as_told(row.tells, final),
        summary=summary_of(
            row.tells,
            initial=initial,
            final=final,
            correct=row.correct_responses,
            total=row.total_questions,
            learning_gain=row.learning_gain,
            test_efficiency=row.test_efficiency,
        ),
    )
