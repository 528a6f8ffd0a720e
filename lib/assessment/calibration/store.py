"""What calibration reads and writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.database.queries import Query, load_queries
from lib.database.statements import Statement, as_jsonb

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

FULL_CONCEPTS = 5
"""Pools with more are given fewer answers, in proportion: a round costs about their square."""

LEAST_NEW_ANSWERS = 200
LEAST_NEW_SHARE = 0.05
"""Of the answers already used: fewer than both change nothing worth a version."""


@dataclass(frozen=True)
class PoolRow:
    """The version of a pool that new sessions get."""

    version: int
    concept_count: int
    prior_covariance: list[float] | None


@dataclass(frozen=True)
class ItemRow:
    """An item's current parameters, and those its author wrote."""

    position: int
    question_id: str
    concepts: list[float]
    difficulty: float
    discrimination: float
    guessing: float
    written_difficulty: float
    written_discrimination: float
    written_guessing: float


@dataclass(frozen=True)
class AnswersRow:
    """Recorded answers, as parallel lists."""

    person: list[int]
    position: list[int]
    correct: list[int]
    recorded: int
    """Of the whole pool, repeated and outdated ones too."""


@dataclass(frozen=True)
class Recorded:
    """All that a calibration of one pool needs."""

    pool: PoolRow
    items: list[ItemRow]
    answers: AnswersRow


@dataclass(frozen=True)
class _PoolId:
    id: UUID


def pools_with_new_answers(postgres: "Postgres") -> list[UUID]:
    """Pools worth a calibration: those that failed last, most new answers first."""
    asked = {"least": LEAST_NEW_ANSWERS, "share": LEAST_NEW_SHARE}
    found = postgres.fetch_all(_query("pools_with_new_answers"), asked, _PoolId, read=True)
    return [row.id for row in found]


def begin_attempt(postgres: "Postgres", pool_id: UUID) -> None:
    """Count an attempt, as failed until `end_attempt` says otherwise."""
    postgres.execute(_query("begin_attempt"), {"pool_id": pool_id})


def end_attempt(
    postgres: "Postgres", pool_id: UUID, outcome: str, *, well: bool, reason: str | None = None
) -> None:
    """Say what became of the attempt; one that ended well takes the pool's failures back."""
    ended = {"pool_id": pool_id, "outcome": outcome, "well": well, "reason": reason}
    postgres.execute(_query("end_attempt"), ended)


def read(
    postgres: "Postgres", pool_id: UUID, most_answers: int, same_ability_days: float
) -> Recorded | None:
    """Everything of one pool in one round trip; None if there is no such pool.

    Args:
        postgres: The record.
        pool_id: Which.
        most_answers: With up to `FULL_CONCEPTS` concepts; of whole people, drawn by hash.
        same_ability_days: A student away longer comes back as another person. Before, the sittings
            must stay together: what the first ones found chose the questions of the next.
    """
    pool = {"pool_id": pool_id}
    asked = {
        **pool,
        "same_ability_days": same_ability_days,
        "most": most_answers,
        "full_concepts": FULL_CONCEPTS,
    }
    pools, items, answers = postgres.batch(
        [
            Statement(_query("read_pool"), pool, PoolRow),
            Statement(_query("read_items"), pool, ItemRow),
            Statement(_query("read_answers"), asked, AnswersRow),
        ],
        read=True,
    )
    return Recorded(pools[0], items, answers[0]) if pools else None


def write(
    postgres: "Postgres",
    pool_id: UUID,
    version: int,
    *,
    prior_covariance: Sequence[float],
    report: dict[str, Any],
    items: list[dict[str, Any]],
) -> int | None:
    """Add the version after `version`; None if the pool is at another one by now."""
    row = {
        "pool_id": pool_id,
        "version": version,
        "prior_covariance": list(prior_covariance),
        "report": as_jsonb(report),
    }
    with postgres.transaction() as tx:
        new: int | None = tx.fetch_value(_query("write_version"), row)
        if new is not None:
            tx.execute(
                _query("write_items"),
                {"pool_id": pool_id, "version": new, "items": as_jsonb(items)},
            )
    return new


def _query(name: str) -> Query:
    return load_queries("assessment/calibration.sql")[name]
