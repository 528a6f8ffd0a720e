"""Counting how often questions were shown: a new version of each pool that limits it.

Counted are the tests on the versions since the last count, which all drew by the same
probabilities; older counts fade. Questions far from the limit have no counts of their own.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from lib.assessment.pools.eligibility import LEVELS, WHOLE, Eligibility, nothing_counted
from lib.assessment.pools.selection_settings import Selection
from lib.database.queries import Query, load_queries
from lib.database.statements import as_jsonb
from lib.deps import Deps
from lib.logs import log

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

LEAST_TESTS = 20
"""New tests without which nothing is counted."""

MEMORY_TESTS = 1_000.0
"""As many new tests halve the weight of the old ones (van der Linden & Veldkamp fade by 0.999)."""

WATCHED_SHARE = 0.25
"""Of the limit: a question that is shown more rarely when it may be, at every level, is let go."""

Counts = dict[str, Any]
"""As a version keeps them: `since`, the first version that drew by them; `items`, positions; per
level and over all `eligible` and `shown`, in how many tests each of those could be shown and was;
and `usual`, in how many each other question could be."""


@dataclass(frozen=True)
class _Pool:
    current_version: int
    selection: dict[str, Any] | None
    exposure: Counts | None


@dataclass(frozen=True)
class Shown:
    """In how many tests something was shown."""

    position: int | None
    """None: the row counts tests, not a question."""
    level: int
    """0 to 2, or `WHOLE`: at any."""
    tests: int


@dataclass(frozen=True)
class _PoolId:
    id: UUID


def count_exposure(deps: Deps, pool_id: UUID | None = None) -> None:
    """Count for the pool, or for each, where its operator has set a limit."""
    found = deps.postgres.fetch_all(
        _query("pools_with_a_limit"), {"pool_id": pool_id}, _PoolId, read=True
    )
    for row in found:
        with deps.postgres.transaction() as tx:
            version = _count(row.id, tx)
        if version is not None:
            log("exposure_counted", pool_id=row.id, version=version)


def _count(pool_id: UUID, tx: "Transaction") -> int | None:
    pool = tx.fetch_one(_query("lock_pool"), {"pool_id": pool_id}, _Pool)
    if pool is None or pool.selection is None:
        return None
    limit = Selection.model_validate(pool.selection).max_exposure
    since = 0 if pool.exposure is None else pool.exposure["since"]
    asked = {"pool_id": pool_id, "since": since, "levels": list(LEVELS), "whole": WHOLE}
    rows = tx.fetch_all(_query("count_shown"), asked, Shown)
    if max((row.tests for row in rows if row.position is None), default=0) < LEAST_TESTS:
        return None
    counts = as_jsonb(merged(pool.exposure, rows, limit))
    version: int = tx.fetch_value(
        _query("write_version"),
        {"pool_id": pool_id, "version": pool.current_version, "exposure": counts},
    )
    return version


def merged(before: Counts | None, rows: list[Shown], limit: float) -> Counts:
    """Return the counts with new ones added.

    Args:
        before: The last count; None if there was none.
        rows: Tests per level, and per question and level, on versions that drew by `before`.
        limit: Greatest exposure, above 0 and below 1.

    Raises:
        ValueError: If the limit is none.
    """
    old, drew = before or nothing_counted(), Eligibility.of_counts(before, limit)
    if drew is None:
        raise ValueError("there is no limit to count for")
    items = sorted({*old["items"], *(row.position for row in rows if row.position is not None)})
    place = {position: column for column, position in enumerate(items)}
    tests, shown = np.zeros(WHOLE + 1), np.zeros((WHOLE + 1, len(items)))
    for row in rows:
        if row.position is None:
            tests[row.level] = row.tests
        else:
            shown[row.level, place[row.position]] = row.tests
    fade = MEMORY_TESTS / (MEMORY_TESTS + tests)
    usual = fade * old["usual"] + tests * _with_whole(drew.usual)
    eligible = np.repeat(usual[:, None], len(items), axis=1)
    columns = [place[position] for position in old["items"]]
    kept = fade[:, None] * np.array(old["eligible"], float)
    eligible[:, columns] = kept + tests[:, None] * _with_whole(drew.probability)
    shown[:, columns] += fade[:, None] * np.array(old["shown"], float)
    watched: NDArray[np.bool_] = np.any(shown > WATCHED_SHARE * limit * eligible, axis=0)
    return {
        "usual": usual.round(3).tolist(),
        "items": [
            position for position, is_watched in zip(items, watched, strict=True) if is_watched
        ],
        "eligible": eligible[:, watched].round(3).tolist(),
        "shown": shown[:, watched].round(3).tolist(),
    }


def _with_whole(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the chance of being eligible at some level: sessions draw once for all of them."""
    return np.concatenate([chance, chance.max(axis=0, keepdims=True)])


def _query(name: str) -> Query:
    return load_queries("assessment/exposure.sql")[name]
