"""Calibration of pools from recorded answers, as new versions that running sessions do not see.

A version is only ever added, and a session keeps the one it started with. No lock is held while a
pool is fitted: if questions are uploaded in the meantime, the estimates are dropped and the next
run makes new ones. Every attempt is recorded, so a pool that fails does not delay the others.

Modules that need numpy are imported only by the functions that use them, which keeps a start fast.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from lib import deadline
from lib.assessment.calibration import store
from lib.assessment.calibration.store import CalibrationData
from lib.assessment.calibration.wire import (
    CalibrateIn,
    CalibrateOut,
    Outcome,
    PoolCalibrationOut,
)
from lib.assessment.errors import NothingToAccept, PoolNotFound, ProposalOutdated
from lib.deps import Deps
from lib.errors import AppError
from lib.logs import log

MAX_SECONDS = 20.0
"""Time limit for the estimates of a run. Reading and writing take a few seconds more, and the
platforms stop a function after 30 s."""

MIN_SECONDS = 5.0
"""Remaining time below which a run starts no further pool."""

MAX_ANSWERS = 200_000
"""Maximum number of answers from a pool of up to five concepts; a respondent's answers are used
together or not at all. Fitting them takes 2 to 4 s of one processor
(`python -m benchmarks calibration_girth`); `make calibrate` uses all answers."""

FAILURE_SECONDS = 1.0
"""Seconds reserved for recording why an attempt failed, even after its request's deadline."""

MIN_ANSWERS = 100
"""Number of answers below which a pool is not calibrated and keeps its current parameters."""

DRIFT_SHARE = 0.2
"""Share of drifted questions, among those with answers, above which the estimates wait for an
operator: either the authors' parameters were guesses, or the answers are not honest."""

SUCCESSES: frozenset[Outcome] = frozenset(
    {"calibrated", "needs_acceptance", "too_few_answers", "changed_meanwhile"}
)
"""Outcomes that reset a pool's failures."""

Clock = Callable[[], float]
"""Function that returns seconds since any fixed moment."""


def calibrate(body: CalibrateIn, deps: Deps, clock: Clock = time.monotonic) -> CalibrateOut:
    """Calibrate the given pool, or those with enough new answers while time remains.

    If `body.accept` is set, the given pool's waiting estimates are written instead.

    Raises:
        PoolNotFound: If the pool does not exist.
        NothingToAccept: If no estimates of the pool wait, or if they have another number.
        ProposalOutdated: If the pool has changed since they were made.
    """
    if body.accept is not False and body.question_pool_id is not None:
        number = None if body.accept is True else body.accept
        return CalibrateOut(pools=[accept_proposal(body.question_pool_id, number, deps)])
    from lib.assessment.pools.exposure_counts import count_exposure

    stop_at, pools = clock() + MAX_SECONDS, list[PoolCalibrationOut]()
    count_exposure(deps, body.question_pool_id)
    if body.question_pool_id is not None:
        return CalibrateOut(
            pools=[calibrate_pool(body.question_pool_id, deps, stop_at=stop_at, clock=clock)]
        )
    for pool_id in store.pools_with_new_answers(deps.postgres):
        if clock() > stop_at - MIN_SECONDS:
            break
        try:
            pools.append(calibrate_pool(pool_id, deps, stop_at=stop_at, clock=clock))
        except AppError as error:  # already recorded as a failure of this pool
            log("pool_not_calibrated", pool_id=pool_id, reason=type(error).__name__)
    return CalibrateOut(pools=pools)


def accept_proposal(pool_id: UUID, number: int | None, deps: Deps) -> PoolCalibrationOut:
    """Write the waiting estimates as the next version of their pool.

    Args:
        pool_id: Pool of the estimates.
        number: Number of the proposal, so that nobody accepts one that they have not seen; None for
            any.
        deps: Provides the database.

    Raises:
        PoolNotFound: If the pool does not exist.
        NothingToAccept: If no estimates of the pool wait, or if they have another number.
        ProposalOutdated: If the pool has changed since they were made.
    """
    with deps.postgres.transaction() as tx:
        if not store.lock_pool(tx, pool_id):
            raise PoolNotFound
        proposal = store.read_proposal(tx, pool_id)
        if proposal is None or number not in {None, proposal.number}:
            raise NothingToAccept
        if proposal.follows is None:
            raise ProposalOutdated
        version = store.accept(tx, pool_id, proposal)
    log("calibration_accepted", question_pool_id=pool_id, version=version)
    report = proposal.report
    return _nothing_estimated(pool_id).model_copy(
        update={
            "outcome": "calibrated",
            "version": version,
            **{name: report[name] for name in ("answers", "people", "questions", "settled")},
            "drifted": report["drifted"],
        }
    )


def calibrate_pool(
    pool_id: UUID,
    deps: Deps,
    max_answers: int = MAX_ANSWERS,
    *,
    stop_at: float = float("inf"),
    clock: Clock = time.monotonic,
) -> PoolCalibrationOut:
    """Estimate a pool's items, write the estimates and record the attempt.

    They become the pool's next version, or a proposal if more than `DRIFT_SHARE` have drifted.

    Args:
        pool_id: Pool to calibrate.
        deps: Provides the database.
        max_answers: See `store.read_calibration_data`.
        stop_at: Time of `clock` at which to stop estimating, seconds.
        clock: Returns seconds since any fixed moment.

    Raises:
        PoolNotFound: If the pool does not exist.
        AppError: If the database is unavailable.
    """
    store.begin_attempt(deps.postgres, pool_id)
    out, reason = _nothing_estimated(pool_id), None
    try:
        data = _read(pool_id, deps, max_answers)
        out = _before_fit(pool_id, data)
        if out.answers >= MIN_ANSWERS:
            out = _fit_and_write(data, out, deps, stop_at, clock)
    except AppError as error:
        _record_failure(pool_id, error, deps)
        raise
    except Exception as error:  # noqa: BLE001 - one pool's data must not stop the other pools
        out, reason = out.model_copy(update={"outcome": "failed"}), type(error).__name__
    store.end_attempt(
        deps.postgres, pool_id, out.outcome, is_success=out.outcome in SUCCESSES, reason=reason
    )
    log("pool_calibrated", **out.model_dump(mode="json", exclude={"drifted"}), reason=reason)
    return out


def _read(pool_id: UUID, deps: Deps, max_answers: int) -> CalibrationData:
    from lib.engine import HALF_LIFE_DAYS  # after which half of the information is lost

    data = store.read_calibration_data(deps.postgres, pool_id, max_answers, HALF_LIFE_DAYS)
    if data is None:
        raise PoolNotFound
    return data


def _record_failure(pool_id: UUID, error: AppError, deps: Deps) -> None:
    """Record the error's name; if the database is unavailable, the attempt stays unfinished."""
    reason = type(error).__name__
    with suppress(AppError), deadline.overtime(FAILURE_SECONDS):
        store.end_attempt(deps.postgres, pool_id, "failed", is_success=False, reason=reason)


def _nothing_estimated(pool_id: UUID) -> PoolCalibrationOut:
    """Return the result of an attempt so far; its outcome is `failed` until another is known."""
    return PoolCalibrationOut(
        question_pool_id=pool_id,
        outcome="failed",
        version=None,
        answers=0,
        people=0,
        settled=None,
        questions=0,
        proposal=None,
        drifted=[],
    )


def _before_fit(pool_id: UUID, data: CalibrationData) -> PoolCalibrationOut:
    """Return the counts of the answers, with the outcome of a pool that has too few for a fit."""
    answers = data.answers
    return _nothing_estimated(pool_id).model_copy(
        update={
            "outcome": "too_few_answers",
            "version": data.pool.version,
            "answers": len(answers.person),
            "people": len(set(answers.person)),
            "questions": len(set(answers.position)),
        }
    )


def _fit_and_write(
    data: CalibrationData, out: PoolCalibrationOut, deps: Deps, stop_at: float, clock: Clock
) -> PoolCalibrationOut:
    from lib.assessment.calibration.estimates import estimate
    from lib.engine.calibration import MAX_ROUNDS, Budget

    estimates = estimate(data, Budget(stop_at - clock(), clock))
    calibration = estimates.calibration
    out = out.model_copy(update={"settled": calibration.converged})
    if not calibration.usable:
        is_late = calibration.rounds < MAX_ROUNDS
        return out.model_copy(update={"outcome": "out_of_time" if is_late else "not_converged"})
    out = out.model_copy(update={"drifted": estimates.drifted})
    base = (deps.postgres, out.question_pool_id, data.pool.version)
    content: dict[str, Any] = {
        "prior_covariance": estimates.prior_covariance,
        "report": estimates.report(),
        "items": estimates.rows(),
    }
    if estimates.drift_share > DRIFT_SHARE:
        number = store.write_proposal(*base, **content)
        if number is None:
            return out.model_copy(update={"outcome": "changed_meanwhile", "drifted": []})
        return out.model_copy(update={"outcome": "needs_acceptance", "proposal": number})
    version = store.write_version(*base, **content)
    if version is None:
        return out.model_copy(update={"outcome": "changed_meanwhile", "drifted": []})
    return out.model_copy(update={"outcome": "calibrated", "version": version})
