"""Comparison of a session in Redis with its record in Postgres."""

import math
from typing import Any
from uuid import UUID

from lib.assessment.debug.explain import explain_choice
from lib.assessment.debug.wire import (
    Difference,
    RedisSnapshot,
    SessionDebugOut,
    SessionRecord,
    SnapshotState,
    SyncOut,
)
from lib.assessment.errors import CacheUnavailable
from lib.assessment.pools.item_pool import item_pool
from lib.assessment.sessions import cache, snapshot, store
from lib.assessment.sessions.session import Session, rebuild
from lib.assessment.sessions.store import AnswerRow, SessionRow
from lib.deps import Deps
from lib.engine.fit import person_fit
from lib.errors import SessionNotFound

COMPARED_FIELDS = (
    "student_id",
    "current_proficiency",
    "next_question_id",
    "status",
    "questions_answered",
    "packed",
)
"""Fields of a snapshot that must be equal in Redis and Postgres."""


def compare(
    session_id: UUID, deps: Deps, *, is_explained: bool = False, step: int | None = None
) -> SessionDebugOut:
    """Compare a session's snapshot in Redis with the one that follows from Postgres.

    A closed session has no snapshot. A missing snapshot only costs time: the next answer rebuilds
    it.

    Args:
        session_id: Session to compare.
        deps: Provides Postgres and Redis.
        is_explained: Whether to explain the choice of a question, too.
        step: Number of answers before that choice; see `explain.explain_choice`.

    Raises:
        SessionNotFound: If the session does not exist.
        StepNotReached: If the test did not get as far as `step`.
    """
    row, session, answers = _read_session(session_id, deps)
    is_open = row.status == "active"
    expected_text = None
    if session is not None and is_open:
        expected_text = snapshot.encode(session, row.last_activity)
    text, ttl = cache.read_snapshot_and_ttl(deps.redis, session_id) or (None, None)
    cached = snapshot.readable_fields(session_id, text)
    expected = snapshot.readable_fields(session_id, expected_text)
    differences = _differences(cached, expected, is_stored=text is not None)
    return SessionDebugOut(
        session_id=session_id,
        redis=RedisSnapshot(
            available=deps.redis is not None and not deps.redis.circuit_open,
            state=None if cached is None else SnapshotState.model_validate(cached),
            bytes=len(text.encode()) if isinstance(text, str) else 0,
            ttl_seconds=ttl if isinstance(ttl, int) and ttl >= 0 else None,
        ),
        database=_database(row, session if is_open else None),
        differences=differences,
        in_sync=not differences,
        choice=explain_choice(session, answers, step) if is_explained and session else None,
        person_fit=None if session is None else _person_fit(session),
    )


def sync(session_id: UUID, deps: Deps) -> SyncOut:
    """Write the snapshot that follows from Postgres, or delete it if the session is closed.

    Raises:
        SessionNotFound: If the session does not exist.
        CacheUnavailable: If Redis is unavailable.
    """
    row, session, _ = _read_session(session_id, deps)
    if session is None or row.status != "active":
        is_synced, action = cache.delete_snapshots(deps.redis, [session_id]), "removed"
    else:
        text = snapshot.encode(session, row.last_activity)
        is_synced, action = cache.write_snapshot(deps.redis, session_id, text), "written"
    if not is_synced:
        raise CacheUnavailable
    return SyncOut(session_id=session_id, synced=True, action=action)


def _read_session(
    session_id: UUID, deps: Deps
) -> tuple[SessionRow, Session | None, list[AnswerRow]]:
    """Return a session's row, the rebuilt session and its answers.

    The session is None if an older deployment recorded it.
    """
    row_and_answers = store.read_with_answers(deps.postgres, session_id)
    if row_and_answers is None:
        raise SessionNotFound
    row, answers = row_and_answers
    if row.pool_id is None or row.pool_version is None:
        return row, None, answers
    pool = item_pool(deps.postgres, row.pool_id, row.pool_version)
    return row, rebuild(row, answers, pool), answers


def _person_fit(session: Session) -> float | None:
    if not session.posterior.answer_count:
        return None
    fit = person_fit(session.posterior, session.pool.bank)
    return round(fit, 3) if math.isfinite(fit) else None


def _differences(
    cached: dict[str, Any] | None, expected: dict[str, Any] | None, *, is_stored: bool
) -> list[Difference]:
    if cached is None or expected is None:
        if not is_stored and expected is None:
            return []
        in_redis = "missing" if not is_stored else "unreadable" if cached is None else "present"
        in_database = "closed" if expected is None else "active"
        return [Difference(field="state", redis=in_redis, database=in_database)]
    return [
        Difference(field=name, redis=cached[name], database=expected[name])
        for name in COMPARED_FIELDS
        if cached[name] != expected[name]
    ]


def _database(row: SessionRow, session: Session | None) -> SessionRecord:
    return SessionRecord(
        student_id=row.student_id,
        status=row.status,
        end_reason=row.end_reason,
        question_pool_id=row.pool_id,
        pool_version=row.pool_version,
        questions_answered=row.total_questions,
        correct_responses=row.correct_responses,
        initial_proficiency=row.initial_proficiency,
        current_proficiency=row.current_proficiency,
        final_proficiency=row.final_proficiency,
        next_question_id=session.next_question_id if session else row.next_question_id,
        started_at=row.started_at,
        last_activity=row.last_activity,
        completed_at=row.completed_at,
        is_idle=row.is_idle,
    )
