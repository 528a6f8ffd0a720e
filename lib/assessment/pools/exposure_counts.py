"""Counts of how often questions are asked; each count becomes a new version of its pool.

A count covers the tests that train the pool, on the versions since the last count; all of these
tests drew eligible questions by the same counts. Older counts fade. Questions far below the limit
keep no counts of their own.
"""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from lib.assessment.pools import store
from lib.assessment.pools.eligibility import ALL_LEVELS, LEVELS, Eligibility, zero_counts
from lib.assessment.pools.selection_settings import Selection
from lib.assessment.pools.store import TestCount
from lib.deps import Deps
from lib.logs import log

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

MIN_TESTS = 20
"""Number of new tests below which a pool is not counted."""

MEMORY_TESTS = 1_000.0
"""Number of new tests that halves the weight of the old ones; van der Linden & Veldkamp multiply
by 0.999 after each test."""

TRACKED_SHARE = 0.25
"""Share of the limit below which, at every level, a question keeps no counts of its own."""

Counts = dict[str, Any]
"""Counts as a version stores them.

- `since`: first version whose sessions drew eligible questions by these counts.
- `items`: positions of the questions with counts of their own.
- `eligible`, `shown`: the numbers of tests that could ask each of these questions, and that did ask
  it; one row for each level, and one for all levels.
- `usual`: the number of tests that could ask a question that is not in `items`; one for each of the
  rows above.
"""


def count_exposure(deps: Deps, pool_id: UUID | None = None) -> None:
    """Count how often questions were asked, in each pool with a limit or only in the given one."""
    for limited_id in store.pools_with_exposure_limit(deps.postgres, pool_id):
        with deps.postgres.transaction() as tx:
            version = _count(limited_id, tx)
        if version is not None:
            log("exposure_counted", pool_id=limited_id, version=version)


def _count(pool_id: UUID, tx: "Transaction") -> int | None:
    pool = store.lock_pool(tx, pool_id)
    if pool is None or pool.selection is None:
        return None
    limit = Selection.of_version(pool.selection).max_exposure
    since = 0 if pool.exposure is None else pool.exposure["since"]
    rows = store.count_tests(tx, pool_id, since, LEVELS, ALL_LEVELS)
    if max((row.tests for row in rows if row.position is None), default=0) < MIN_TESTS:
        return None
    counts = merge_counts(pool.exposure, rows, limit)
    return store.write_exposure_version(tx, pool_id, pool.current_version, counts)


def merge_counts(previous: Counts | None, rows: list[TestCount], limit: float) -> Counts:
    """Return the faded previous counts plus new ones, without `since`, which the store adds.

    Args:
        previous: The last counts; None if there are none.
        rows: Tests per level, and per question and level, on versions whose draws used `previous`.
        limit: Maximum exposure, above 0 and below 1.

    Raises:
        ValueError: If the limit is 1 or more.
    """
    old_counts, eligibility = previous or zero_counts(), Eligibility.of_counts(previous, limit)
    if eligibility is None:
        raise ValueError("the limit must be below 1")
    items = sorted(
        {*old_counts["items"], *(row.position for row in rows if row.position is not None)}
    )
    columns = {position: column for column, position in enumerate(items)}
    tests, shown = np.zeros(ALL_LEVELS + 1), np.zeros((ALL_LEVELS + 1, len(items)))
    for row in rows:
        if row.position is None:
            tests[row.level] = row.tests
        else:
            shown[row.level, columns[row.position]] = row.tests
    fade = MEMORY_TESTS / (MEMORY_TESTS + tests)
    usual = fade * old_counts["usual"] + tests * _with_all_levels(eligibility.default_probability)
    eligible = np.repeat(usual[:, None], len(items), axis=1)
    old_columns = [columns[position] for position in old_counts["items"]]
    faded = fade[:, None] * np.array(old_counts["eligible"], float)
    eligible[:, old_columns] = faded + tests[:, None] * _with_all_levels(eligibility.probability)
    shown[:, old_columns] += fade[:, None] * np.array(old_counts["shown"], float)
    tracked: NDArray[np.bool_] = np.any(shown > TRACKED_SHARE * limit * eligible, axis=0)
    return {
        "usual": usual.round(3).tolist(),
        "items": [
            position for position, is_tracked in zip(items, tracked, strict=True) if is_tracked
        ],
        "eligible": eligible[:, tracked].round(3).tolist(),
        "shown": shown[:, tracked].round(3).tolist(),
    }


def _with_all_levels(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Append the probability of being eligible at any level: one draw decides for all levels."""
    return np.concatenate([probability, probability.max(axis=0, keepdims=True)])
