"""Statements of calibration: recorded answers, attempts, new versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.database.queries import load_queries
from lib.database.statements import Statement, as_jsonb

if TYPE_CHECKING:
    from lib.database.postgres import Postgres, Transaction

_queries = load_queries("assessment/calibration.sql")

FULL_CONCEPTS = 5
"""Number of concepts above which a pool gets proportionally fewer answers: the cost of a round
grows with about the square of the number."""

MIN_NEW_ANSWERS = 200
"""Number of new answers below which a pool is not calibrated again."""
MIN_NEW_SHARE = 0.05
"""New answers, as a share of those already used, below which a pool is not calibrated again."""


@dataclass(frozen=True)
class PoolRow:
    """The version of a pool that new sessions get."""

    version: int
    concept_count: int
    prior_covariance: list[float] | None


@dataclass(frozen=True)
class ItemRow:
    """An item's current parameters and those that its author wrote."""

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
    recorded_count: int
    """Number of answers in tests that train the pool, including repeated and outdated ones."""


@dataclass(frozen=True)
class CalibrationData:
    """All data for the calibration of one pool."""

    pool: PoolRow
    items: list[ItemRow]
    answers: AnswersRow


@dataclass(frozen=True)
class Proposal:
    """Estimates that wait for an operator."""

    number: int
    prior_covariance: list[float]
    report: dict[str, Any]
    items: list[dict[str, Any]]
    follows: int | None
    """Version after which they would be written; None if the pool has changed since, apart from its
    exposure counts."""


@dataclass(frozen=True)
class _PoolId:
    id: UUID


def pools_with_new_answers(postgres: "Postgres") -> list[UUID]:
    """Return the pools worth a calibration, in the order in which to calibrate them."""
    params = {"min_new_answers": MIN_NEW_ANSWERS, "min_new_share": MIN_NEW_SHARE}
    rows = postgres.fetch_all(_queries["pools_with_new_answers"], params, _PoolId, read=True)
    return [row.id for row in rows]


def begin_attempt(postgres: "Postgres", pool_id: UUID) -> None:
    """Record an attempt, which counts as a failure until `end_attempt` records a success."""
    postgres.execute(_queries["begin_attempt"], {"pool_id": pool_id})


def end_attempt(
    postgres: "Postgres",
    pool_id: UUID,
    outcome: str,
    *,
    is_success: bool,
    reason: str | None = None,
) -> None:
    """Record the outcome of an attempt; a success resets the pool's failures."""
    params = {"pool_id": pool_id, "outcome": outcome, "is_success": is_success, "reason": reason}
    postgres.execute(_queries["end_attempt"], params)


def read_calibration_data(
    postgres: "Postgres", pool_id: UUID, max_answers: int, same_ability_days: float
) -> CalibrationData | None:
    """Read everything about one pool in one round trip; return None if it does not exist.

    Args:
        postgres: The database.
        pool_id: Pool to read.
        max_answers: Maximum number of answers from a pool of up to `FULL_CONCEPTS` concepts.
            Respondents are sampled by hash, with all their answers.
        same_ability_days: Days between two answers after which a student counts as a new
            respondent. Sessions closer together must stay with one respondent, because
            the results of the earlier ones chose the questions of the later ones.
    """
    pool = {"pool_id": pool_id}
    answers_params = {
        **pool,
        "same_ability_days": same_ability_days,
        "max_answers": max_answers,
        "full_concepts": FULL_CONCEPTS,
    }
    pools, items, answers = postgres.batch(
        [
            Statement(_queries["read_pool"], pool, PoolRow),
            Statement(_queries["read_items"], pool, ItemRow),
            Statement(_queries["read_answers"], answers_params, AnswersRow),
        ],
        read=True,
    )
    return CalibrationData(pools[0], items, answers[0]) if pools else None


def write_version(
    postgres: "Postgres",
    pool_id: UUID,
    version: int,
    *,
    prior_covariance: Sequence[float],
    report: dict[str, Any],
    items: list[dict[str, Any]],
) -> int | None:
    """Add the version after `version`; return None if another was added in the meantime."""
    params = {
        "pool_id": pool_id,
        "version": version,
        "prior_covariance": list(prior_covariance),
        "report": as_jsonb(report),
    }
    with postgres.transaction() as tx:
        new_version = _write_version(tx, params, items)
        if new_version is not None:
            tx.execute(_queries["drop_proposal"], {"pool_id": pool_id})
    return new_version


def write_proposal(
    postgres: "Postgres",
    pool_id: UUID,
    version: int,
    *,
    prior_covariance: Sequence[float],
    report: dict[str, Any],
    items: list[dict[str, Any]],
) -> int | None:
    """Store estimates as a proposal that waits for an operator; return its number.

    The estimates are based on `version`; return None if the pool already has a later one.
    """
    proposal = {
        "base_version": version,
        "prior_covariance": list(prior_covariance),
        "report": report,
        "items": items,
    }
    params = {"pool_id": pool_id, "version": version, "proposal": as_jsonb(proposal)}
    number: int | None = postgres.fetch_value(_queries["write_proposal"], params)
    return number


def lock_pool(tx: "Transaction", pool_id: UUID) -> bool:
    """Lock a pool against every change; return whether it exists."""
    return tx.execute(_queries["lock_pool"], {"pool_id": pool_id}) > 0


def read_proposal(tx: "Transaction", pool_id: UUID) -> Proposal | None:
    """Return the waiting proposal of a pool; None if there is none."""
    return tx.fetch_one(_queries["read_proposal"], {"pool_id": pool_id}, Proposal)


def accept(tx: "Transaction", pool_id: UUID, proposal: Proposal) -> int | None:
    """Write the estimates of a proposal as the next version; return its number."""
    params = {
        "pool_id": pool_id,
        "version": proposal.follows,
        "prior_covariance": proposal.prior_covariance,
        "report": as_jsonb(proposal.report),
    }
    version = _write_version(tx, params, proposal.items)
    tx.execute(_queries["record_acceptance"], {"pool_id": pool_id})
    return version


def _write_version(
    tx: "Transaction", params: dict[str, Any], items: list[dict[str, Any]]
) -> int | None:
    version: int | None = tx.fetch_value(_queries["write_version"], params)
    if version is not None:
        rows = {"pool_id": params["pool_id"], "version": version, "items": as_jsonb(items)}
        tx.execute(_queries["write_items"], rows)
    return version
