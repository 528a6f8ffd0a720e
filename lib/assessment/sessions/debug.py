"""What operators see of a session's two halves, Redis and Postgres, and how they mend them."""

import math
from typing import Any
from uuid import UUID

from lib.assessment.errors import CacheUnavailable
from lib.assessment.pools.item_pool import item_pool
from lib.assessment.sessions import cache, snapshot, store
from lib.assessment.sessions.session import Sitting, rebuild
from lib.assessment.sessions.store import SessionRow
from lib.assessment.sessions.wire import Difference, RedisHalf, SessionDebugOut, SyncOut
from lib.deps import Deps
from lib.engine import person_fit
from lib.errors import NotFound

SHOWN = ("student_id", "current_proficiency", "next_question_id", "status", "questions_answered")


def compare(session_id: UUID, deps: Deps) -> SessionDebugOut:
    """Set Redis beside Postgres; a closed session has no state, a lost one only costs time.

    Raises:
        NotFound: If there is no such session.
    """
    row, sitting = _recorded(session_id, deps)
    is_open = row.status == "active"
    expected = None
    if sitting is not None and is_open:
        expected = snapshot.encode(sitting, row.last_activity)
    text, ttl = cache.inspect(deps.redis, session_id) or (None, None)
    cached = snapshot.shown(session_id, text)
    recorded = snapshot.shown(session_id, expected)
    differences = _differences(cached, recorded, is_text=text is not None)
    return SessionDebugOut(
        session_id=session_id,
        redis=RedisHalf(
            available=deps.redis is not None and not deps.redis.circuit_open,
            state=cached,
            bytes=len(text.encode()) if isinstance(text, str) else 0,
            ttl_seconds=ttl if isinstance(ttl, int) and ttl >= 0 else None,
        ),
        database=_database(row, sitting if is_open else None),
        differences=differences,
        in_sync=not differences,
        person_fit=None if sitting is None else _fit(sitting),
    )


def sync(session_id: UUID, deps: Deps) -> SyncOut:
    """Make Redis say what Postgres says.

    Raises:
        NotFound: If there is no such session.
        CacheUnavailable: If Redis does not answer.
    """
    row, sitting = _recorded(session_id, deps)
    if sitting is None or row.status != "active":
        done, action = cache.drop_states(deps.redis, [session_id]), "removed"
    else:
        text = snapshot.encode(sitting, row.last_activity)
        done, action = cache.write_state(deps.redis, session_id, text), "written"
    if not done:
        raise CacheUnavailable
    return SyncOut(session_id=session_id, synced=True, action=action)


def _recorded(session_id: UUID, deps: Deps) -> tuple[SessionRow, Sitting | None]:
    """A session's row, and its sitting unless an older deployment held it."""
    read = store.read_with_answers(deps.postgres, session_id)
    if read is None:
        raise NotFound(what="Session")
    row, answers = read
    if row.pool_id is None or row.pool_version is None:
        return row, None
    return row, rebuild(row, answers, item_pool(deps.postgres, row.pool_id, row.pool_version))


def _fit(sitting: Sitting) -> float | None:
    if not sitting.posterior.answered:
        return None
    found = person_fit(sitting.posterior, sitting.pool.bank)
    return round(found, 3) if math.isfinite(found) else None


def _differences(
    cached: dict[str, Any] | None, recorded: dict[str, Any] | None, *, is_text: bool
) -> list[Difference]:
    if cached is None or recorded is None:
        if not is_text and recorded is None:
            return []
        here = "missing" if not is_text else "unreadable" if cached is None else "present"
        there = "closed" if recorded is None else "active"
        return [Difference(field="state", redis=here, database=there)]
    return [
        Difference(field=name, redis=cached[name], database=recorded[name])
        for name in (*SHOWN, "packed")
        if cached[name] != recorded[name]
    ]


def _database(row: SessionRow, sitting: Sitting | None) -> dict[str, Any]:
    return {
        "student_id": row.student_id,
        "status": row.status,
        "end_reason": row.end_reason,
        "question_pool_id": row.pool_id,
        "pool_version": row.pool_version,
        "questions_answered": row.total_questions,
        "correct_responses": row.correct_responses,
        "initial_proficiency": row.initial_proficiency,
        "current_proficiency": row.current_proficiency,
        "final_proficiency": row.final_proficiency,
        "next_question_id": sitting.next_question_id if sitting else row.next_question_id,
        "started_at": row.started_at,
        "last_activity": row.last_activity,
        "completed_at": row.completed_at,
        "is_idle": row.is_idle,
    }
