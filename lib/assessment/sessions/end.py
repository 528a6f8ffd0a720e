"""Ending tests: at the caller's wish, or because nobody goes on with them. No numpy up here."""

import time
from uuid import UUID

from lib.assessment.sessions import cache, store
from lib.assessment.sessions.store import SessionRow, accuracy
from lib.assessment.sessions.wire import CleanupIn, CleanupOut, EndOut, StatusOut, Summary
from lib.deps import Deps
from lib.errors import NotFound
from lib.logs import log

BATCH = 500
MAX_SECONDS = 20.0
"""A run ends after as long; what is left, the next run closes."""


def end(session_id: UUID, deps: Deps) -> EndOut:
    """Close a test and return what it found; a closed one returns the same again.

    Raises:
        NotFound: If there is no such session.
    """
    begun_with = _initial_of(session_id, cache.read_state(deps.redis, session_id))
    row = store.end_session(deps.postgres, session_id, begun_with)
    if row is None:
        raise NotFound(what="Session")
    cache.drop_states(deps.redis, [session_id])
    initial = row.initial_proficiency or _begun_with(row, deps)
    return _result(row, initial)


def status(session_id: UUID, deps: Deps) -> StatusOut:
    """Where a test stands, by the record.

    Raises:
        NotFound: If there is no such session.
    """
    row = store.read_session(deps.postgres, session_id)
    if row is None:
        raise NotFound(what="Session")
    active = row.status == "active" and not row.is_idle and row.pool_version is not None
    now = row.final_proficiency or row.current_proficiency or row.initial_proficiency
    return StatusOut(
        status="expired" if row.status == "active" and not active else row.status,
        current_proficiency=now or _prior_proficiency(row, deps),
        questions_answered=row.total_questions,
        is_active=active,
    )


def cleanup(asked: CleanupIn, deps: Deps) -> CleanupOut:
    """Close every session that was idle as long, with what was answered."""
    stop_at = time.monotonic() + MAX_SECONDS
    closed = 0
    while time.monotonic() < stop_at:
        ids = store.expire_idle(deps.postgres, asked.inactivity_minutes, BATCH)
        cache.drop_states(deps.redis, ids)
        closed += len(ids)
        if len(ids) < BATCH:
            break
    log("sessions_expired", count=closed, idle_minutes=asked.inactivity_minutes)
    return CleanupOut(
        sessions_removed=closed, inactivity_threshold_minutes=asked.inactivity_minutes
    )


def _initial_of(session_id: UUID, stored: object) -> list[float] | None:
    """What the student began with, if nothing was answered yet: only the state says so then."""
    if stored is None:
        return None
    from lib.assessment.sessions.snapshot import decode

    hot_state = decode(session_id, stored)
    unanswered = hot_state is not None and hot_state.questions_answered == 0
    return hot_state.current_proficiency if hot_state is not None and unanswered else None


def _begun_with(row: SessionRow, deps: Deps) -> list[float]:
    """The same from the record, and into it."""
    initial = _prior_proficiency(row, deps)
    if initial:
        store.set_initial_proficiency(deps.postgres, row.id, initial)
    return initial


def _prior_proficiency(row: SessionRow, deps: Deps) -> list[float]:
    """Of a session without a recorded one; empty for an older deployment's."""
    if row.pool_id is None or row.pool_version is None:
        return []
    from lib.assessment.pools.item_pool import item_pool
    from lib.assessment.sessions.prior import known_by_position, starting_point
    from lib.assessment.sessions.session import proficiency

    pool = item_pool(deps.postgres, row.pool_id, row.pool_version)
    known = known_by_position(row.concept_names or (), row.prior)
    return proficiency(starting_point(known, pool.correlation))


def _result(row: SessionRow, initial: list[float]) -> EndOut:
    final = row.final_proficiency or initial
    paired = zip(final, initial, strict=False)  # an older deployment may have kept only one
    return EndOut(
        final_proficiency=final,
        summary=Summary(
            total_questions=row.total_questions,
            correct_responses=row.correct_responses,
            accuracy=accuracy(row.correct_responses, row.total_questions),
            initial_proficiency=initial,
            final_proficiency=final,
            proficiency_change=[round(after - before, 6) for after, before in paired],
            learning_gain=row.learning_gain or 0.0,
            test_efficiency=row.test_efficiency or 0.0,
        ),
    )
