"""A pool that cannot be calibrated does not delay other pools and is tried again later."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from lib import deadline
from lib.assessment.calibration import store
from lib.assessment.calibration.run import (
    MAX_SECONDS,
    Clock,
    accept_proposal,
    calibrate,
    calibrate_pool,
)
from lib.assessment.calibration.wire import CalibrateIn
from lib.deps import Deps
from lib.errors import DatabaseUnavailable
from tests.assessment.conftest import Rows, make_questions, upload
from tests.assessment.test_calibration import CONCEPTS, CRON, QUESTIONS, record_answers

Attempt = tuple[Any, ...]


@pytest.fixture
def pools(client: TestClient, operator: dict[str, str], postgres_url: str) -> tuple[str, str]:
    """Two pools with enough answers; the first has more and is calibrated first."""
    pool_ids = []
    for prefix, students in (("q", 60), ("r", 40)):
        questions = make_questions(QUESTIONS, prefix, CONCEPTS)
        pool_ids.append(upload(client, operator, questions, trains=True))
        record_answers(
            postgres_url,
            pool_ids[-1],
            students=students,
            nth_version=None,
            prefix=prefix * 2,
            question_prefix=prefix,
        )
    return pool_ids[0], pool_ids[1]


def run_schedule(client: TestClient) -> dict[str, str]:
    """Run the schedule; return the outcome of each pool, in order."""
    response = client.get("/api/calibrate", headers=CRON)
    assert response.status_code == 200, response.text
    return {pool["question_pool_id"]: pool["outcome"] for pool in response.json()["pools"]}


def ticker() -> Clock:
    """Return a clock that advances by one second each time it is read."""
    ticks = itertools.count()
    return lambda: float(next(ticks))


def attempt(rows: Rows, pool_id: str) -> Attempt:
    ((outcome, reason, failures, finished),) = rows(
        "SELECT outcome, reason, failures, finished_at IS NOT NULL"
        " FROM assessment.calibration_attempts WHERE pool_id = %s",
        pool_id,
    )
    return outcome, reason, failures, finished


def damage(rows: Rows, pool_id: str) -> None:
    """Damage the pool's correlations so that its calibration fails."""
    rows(
        "UPDATE assessment.pool_versions SET prior_covariance = '{1,0,0}' WHERE pool_id = %s",
        pool_id,
    )


@contextmanager
def table_lock(deps: Deps, table: str) -> Iterator[None]:
    """Lock a table for a block, so that its readers wait."""
    with deps.postgres.transaction() as tx:
        tx.execute_script(f"LOCK TABLE {table}")
        yield


def test_pool_that_fails_delays_no_other(
    client: TestClient, pools: tuple[str, str], rows: Rows
) -> None:
    damage(rows, pools[0])
    assert run_schedule(client) == {pools[0]: "failed", pools[1]: "needs_acceptance"}
    assert attempt(rows, pools[0]) == ("failed", "ValueError", 1, True)
    assert attempt(rows, pools[1]) == ("needs_acceptance", None, 0, True)


def test_pool_that_failed_is_tried_again_after_the_others(
    client: TestClient, pools: tuple[str, str], rows: Rows, postgres_url: str
) -> None:
    damage(rows, pools[0])
    run_schedule(client)
    record_answers(
        postgres_url, pools[1], students=20, nth_version=None, prefix="new", question_prefix="r"
    )
    assert list(run_schedule(client)) == [pools[1], pools[0]]
    assert attempt(rows, pools[0])[2] == 2


def test_pool_whose_function_was_stopped_is_tried_after_the_others(
    client: TestClient, pools: tuple[str, str], deps: Deps, rows: Rows
) -> None:
    store.begin_attempt(deps.postgres, UUID(pools[0]))  # and never finish it
    assert attempt(rows, pools[0]) == (None, None, 1, False)
    assert list(run_schedule(client)) == [pools[1], pools[0]]


def test_pool_that_cannot_be_read_fails_and_delays_no_other(
    client: TestClient, pools: tuple[str, str], rows: Rows
) -> None:
    # The sum of two such numbers overflows INT, so reading this pool fails in the database.
    rows(
        "UPDATE assessment.test_sessions SET total_questions = 2147483647"
        " WHERE question_pool_id = %s",
        pools[0],
    )
    assert run_schedule(client) == {pools[0]: "failed", pools[1]: "needs_acceptance"}
    assert attempt(rows, pools[0]) == ("failed", "NumericValueOutOfRange", 1, True)


def test_failure_is_recorded_even_after_the_deadline(
    pools: tuple[str, str], deps: Deps, rows: Rows
) -> None:
    def calibrate_past_the_deadline() -> None:
        deadline.start(deadline.MARGIN_SECONDS + 0.3)
        calibrate_pool(UUID(pools[0]), deps)

    with table_lock(deps, "assessment.pool_items"), pytest.raises(DatabaseUnavailable):
        copy_context().run(calibrate_past_the_deadline)
    assert attempt(rows, pools[0]) == ("failed", "DatabaseUnavailable", 1, True)


def test_success_resets_earlier_failures(
    client: TestClient, pools: tuple[str, str], deps: Deps, rows: Rows
) -> None:
    for _ in range(3):
        store.begin_attempt(deps.postgres, UUID(pools[0]))
    run_schedule(client)
    assert attempt(rows, pools[0])[2] == 0


def test_failed_pools_are_tried_in_turn(pools: tuple[str, str], deps: Deps) -> None:
    first, second = map(UUID, pools)
    for pool_id in (first, second, first, second):
        store.begin_attempt(deps.postgres, pool_id)
    assert store.pools_with_new_answers(deps.postgres) == [first, second]
    store.begin_attempt(deps.postgres, first)
    assert store.pools_with_new_answers(deps.postgres) == [second, first]


def test_out_of_time_run_writes_no_version(pools: tuple[str, str], deps: Deps, rows: Rows) -> None:
    result = calibrate_pool(UUID(pools[0]), deps, stop_at=2.0, clock=ticker())
    assert result.outcome == "out_of_time"
    assert result.settled is False
    assert rows("SELECT count(*) FROM assessment.pool_versions WHERE pool_id = %s", pools[0]) == [
        (1,)
    ]
    assert attempt(rows, pools[0]) == ("out_of_time", None, 1, True)


def test_estimates_that_had_nearly_converged_are_written_as_unsettled(
    pools: tuple[str, str], deps: Deps, rows: Rows
) -> None:
    for seconds in range(2, 100):  # this clock advances by about a second a round
        last_result = calibrate_pool(UUID(pools[1]), deps, stop_at=float(seconds), clock=ticker())
        if last_result.outcome != "out_of_time":
            break
    assert (last_result.outcome, last_result.settled) == ("needs_acceptance", False)
    accept_proposal(UUID(pools[1]), last_result.proposal, deps)
    assert rows(
        "SELECT report ->> 'settled', (report ->> 'furthest_move')::FLOAT < 0.05"
        " FROM assessment.pool_versions WHERE pool_id = %s AND report IS NOT NULL",
        pools[1],
    ) == [("false", True)]


def test_run_starts_no_pool_shortly_before_its_time_limit(
    pools: tuple[str, str], deps: Deps
) -> None:
    clock_times = itertools.chain([0.0], itertools.repeat(MAX_SECONDS - 1.0))
    assert calibrate(CalibrateIn(), deps, clock=lambda: next(clock_times)).pools == []
    assert len(calibrate(CalibrateIn(), deps, clock=lambda: 0.0).pools) == len(pools)


def test_pool_of_many_concepts_uses_fewer_answers(
    client: TestClient, operator: dict[str, str], deps: Deps, postgres_url: str
) -> None:
    pool_id = upload(client, operator, make_questions(QUESTIONS, concepts=10), trains=True)
    record_answers(postgres_url, pool_id, students=20, nth_version=None)
    data = store.read_calibration_data(deps.postgres, UUID(pool_id), QUESTIONS * 20, 180)
    assert data is not None
    assert len(data.answers.person) == QUESTIONS * 20 / 2  # 10 concepts are twice FULL_CONCEPTS
