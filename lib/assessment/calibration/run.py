"""Calibrating pools from recorded answers: a new version each, running sessions untouched.

A version is only ever added, and a session keeps the one it began with. Nothing is locked while a
pool is fitted; if somebody uploads questions meanwhile, the estimates are dropped and the next
run makes new ones. Every attempt is recorded, so that a pool that fails keeps no other waiting.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from lib import deadline
from lib.assessment.calibration import store
from lib.assessment.calibration.store import Recorded
from lib.assessment.calibration.wire import CalibrateIn, CalibrateOut, Outcome, PoolOut
from lib.deps import Deps
from lib.errors import AppError, NotFound
from lib.logs import log

MAX_SECONDS = 20.0
"""A run estimates no longer; to read and write takes a few more, and platforms stop it at 30 s."""

LEAST_SECONDS = 5.0
"""With less left, a run starts no other pool."""

MAX_ANSWERS = 200_000
"""Of one pool of up to five concepts, whole people drawn by hash; fitted in 2 to 4 s of one
processor (`python -m benchmarks calibration_girth`). `make calibrate` takes all."""

LAST_WORDS_SECONDS = 1.0
"""To say why an attempt failed, if its request has none left."""

FEWEST_ANSWERS = 100
"""A pool with fewer keeps what its authors wrote."""

ENDED_WELL: frozenset[Outcome] = frozenset({"calibrated", "too_few_answers", "changed_meanwhile"})

Clock = Callable[[], float]
"""Seconds since any moment."""


def calibrate(asked: CalibrateIn, deps: Deps, clock: Clock = time.monotonic) -> CalibrateOut:
    """Calibrate the pool asked for, or those with enough new answers while time lasts.

    Raises:
        NotFound: If there is no such pool.
    """
    stop_at, pools = clock() + MAX_SECONDS, list[PoolOut]()
    from lib.assessment.pools.exposure_counts import count_exposure

    count_exposure(deps, asked.question_pool_id)
    if asked.question_pool_id is not None:
        return CalibrateOut(
            pools=[calibrate_pool(asked.question_pool_id, deps, stop_at=stop_at, clock=clock)]
        )
    for pool_id in store.pools_with_new_answers(deps.postgres):
        if clock() > stop_at - LEAST_SECONDS:
            break
        try:
            pools.append(calibrate_pool(pool_id, deps, stop_at=stop_at, clock=clock))
        except AppError as error:  # its answers could not be read, say; it counts as a failure
            log("pool_not_calibrated", pool_id=pool_id, reason=type(error).__name__)
    return CalibrateOut(pools=pools)


def calibrate_pool(
    pool_id: UUID,
    deps: Deps,
    most_answers: int = MAX_ANSWERS,
    *,
    stop_at: float = float("inf"),
    clock: Clock = time.monotonic,
) -> PoolOut:
    """Estimate one pool's items and write them as its next version; record the attempt.

    Args:
        pool_id: Which.
        deps: The record.
        most_answers: See `calibration_record.read`.
        stop_at: When, by `clock`, to stop estimating, seconds.
        clock: Seconds since any moment.

    Raises:
        NotFound: If there is no such pool.
        AppError: If the database is away.
    """
    store.begin_attempt(deps.postgres, pool_id)
    out, reason = _unread(pool_id), None
    try:
        recorded = _read(pool_id, deps, most_answers)
        out = _nothing_yet(pool_id, recorded)
        if out.answers >= FEWEST_ANSWERS:
            out = _fit_and_write(recorded, out, deps, stop_at, clock)
    except AppError as error:
        _leave_a_reason(pool_id, error, deps)
        raise
    except Exception as error:  # noqa: BLE001 - one pool's numbers must not stop the others
        out, reason = out.model_copy(update={"outcome": "failed"}), type(error).__name__
    store.end_attempt(
        deps.postgres, pool_id, out.outcome, well=out.outcome in ENDED_WELL, reason=reason
    )
    log("pool_calibrated", **out.model_dump(mode="json", exclude={"drifted"}), reason=reason)
    return out


def _read(pool_id: UUID, deps: Deps, most_answers: int) -> Recorded:
    from lib.engine import HALF_LIFE_DAYS  # half of what was known is lost by then

    recorded = store.read(deps.postgres, pool_id, most_answers, HALF_LIFE_DAYS)
    if recorded is None:
        raise NotFound(what="Question pool")
    return recorded


def _leave_a_reason(pool_id: UUID, error: AppError, deps: Deps) -> None:
    """Record a failure that the caller is told of; without a database it stays "not finished"."""
    with suppress(AppError), deadline.overtime(LAST_WORDS_SECONDS):
        store.end_attempt(deps.postgres, pool_id, "failed", well=False, reason=type(error).__name__)


def _unread(pool_id: UUID) -> PoolOut:
    return PoolOut(
        question_pool_id=pool_id,
        outcome="failed",
        version=None,
        answers=0,
        people=0,
        settled=None,
        questions=0,
        drifted=[],
    )


def _nothing_yet(pool_id: UUID, recorded: Recorded) -> PoolOut:
    answers = recorded.answers
    return _unread(pool_id).model_copy(
        update={
            "outcome": "too_few_answers",
            "version": recorded.pool.version,
            "answers": len(answers.person),
            "people": len(set(answers.person)),
            "questions": len(set(answers.position)),
        }
    )


def _fit_and_write(
    recorded: Recorded, out: PoolOut, deps: Deps, stop_at: float, clock: Clock
) -> PoolOut:
    from lib.assessment.calibration.estimates import estimate
    from lib.engine.calibration import MAX_ROUNDS, Budget

    estimates = estimate(recorded, Budget(stop_at - clock(), clock))
    out = out.model_copy(update={"settled": estimates.found.converged})
    if not estimates.found.usable:
        ran_out = estimates.found.rounds < MAX_ROUNDS
        return out.model_copy(update={"outcome": "out_of_time" if ran_out else "not_converged"})
    version = store.write(
        deps.postgres,
        out.question_pool_id,
        recorded.pool.version,
        prior_covariance=estimates.prior_covariance,
        report=estimates.report(),
        items=estimates.rows(),
    )
    if version is None:
        return out.model_copy(update={"outcome": "changed_meanwhile"})
    return out.model_copy(
        update={"outcome": "calibrated", "version": version, "drifted": estimates.drifted}
    )
