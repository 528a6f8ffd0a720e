"""Calibrating pools from recorded answers: a new version each, running sessions untouched.

A version is only ever added, and a session keeps the one it began with. Nothing is locked while a
pool is fitted; if somebody uploads questions meanwhile, the estimates are dropped and the next
run makes new ones.
"""

import time
from uuid import UUID

from lib.assessment import calibration_record
from lib.assessment.calibration_wire import CalibrateIn, CalibrateOut, PoolOut
from lib.deps import Deps
from lib.errors import NotFound
from lib.logs import log

MAX_SECONDS = 15.0
"""A run starts no other pool after as long: the platforms stop a function at 30 s."""

MAX_ANSWERS = 200_000
"""Of one pool, whole people drawn by hash; fitted in about 5 s. `make calibrate` takes all."""

FEWEST_ANSWERS = 100
"""A pool with fewer keeps what its authors wrote."""


def calibrate(asked: CalibrateIn, deps: Deps) -> CalibrateOut:
    """Calibrate the pool asked for, or those with enough new answers while time lasts.

    Raises:
        NotFound: If there is no such pool.
    """
    if asked.question_pool_id is not None:
        return CalibrateOut(pools=[calibrate_pool(asked.question_pool_id, deps)])
    stop_at, pools = time.monotonic() + MAX_SECONDS, list[PoolOut]()
    for pool_id in calibration_record.pools_with_new_answers(deps.postgres):
        if time.monotonic() > stop_at:
            break
        pools.append(calibrate_pool(pool_id, deps))
    return CalibrateOut(pools=pools)


def calibrate_pool(pool_id: UUID, deps: Deps, most_answers: int = MAX_ANSWERS) -> PoolOut:
    """Estimate one pool's items and write them as its next version.

    Raises:
        NotFound: If there is no such pool.
    """
    recorded = calibration_record.read(deps.postgres, pool_id, most_answers)
    if recorded is None:
        raise NotFound(what="Question pool")
    out = PoolOut(
        question_pool_id=pool_id,
        outcome="too_few_answers",
        version=recorded.pool.version,
        answers=len(recorded.answers.person),
        people=len(set(recorded.answers.person)),
        questions=len(set(recorded.answers.position)),
        drifted=[],
    )
    if out.answers >= FEWEST_ANSWERS:
        out = _fit_and_write(recorded, out, deps)
    log("pool_calibrated", **out.model_dump(mode="json", exclude={"drifted"}))
    return out


def _fit_and_write(recorded: calibration_record.Recorded, out: PoolOut, deps: Deps) -> PoolOut:
    from lib.assessment.item_estimates import estimate

    estimates = estimate(recorded)
    if not estimates.found.converged:
        return out.model_copy(update={"outcome": "not_converged"})
    version = calibration_record.write(
        deps.postgres,
        out.question_pool_id,
        out.version,
        prior_covariance=estimates.prior_covariance,
        report=estimates.report(),
        items=estimates.rows(),
    )
    if version is None:
        return out.model_copy(update={"outcome": "changed_meanwhile"})
    return out.model_copy(
        update={"outcome": "calibrated", "version": version, "drifted": estimates.drifted}
    )
