"""Statements of the catalog of pools."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.database.queries import load_queries
from lib.database.statements import Statement, as_jsonb

if TYPE_CHECKING:
    from lib.database.postgres import Postgres, Transaction

_queries = load_queries("assessment/catalog.sql")


@dataclass(frozen=True)
class PoolRow:
    """A pool with its current version and counts."""

    id: UUID
    name: str | None
    concept_count: int
    rules: dict[str, Any]
    version: int
    created_at: datetime
    changed_at: datetime
    selection: dict[str, Any] | None
    question_count: int
    retired_count: int
    test_count: int
    active_count: int
    answer_count: int


@dataclass(frozen=True)
class VersionRow:
    """One version of a pool."""

    version: int
    origin: str
    created_at: datetime
    question_count: int
    drifted: int | None
    restored_version: int | None
    repaired: dict[str, list[str]] | None
    not_asked: list[str] | None


@dataclass(frozen=True)
class ProposalRow:
    """Estimates that wait for an operator."""

    number: int
    created_at: datetime | None
    answers: int
    questions: int
    drifted: int


@dataclass(frozen=True)
class QuestionRow:
    """A question as its author wrote it, its live parameters, and counts of its answers."""

    position: int
    id: str
    content: str
    options: list[Any]
    correct_answer: str
    concepts: list[float]
    difficulty: float
    discrimination: float
    guessing: float
    retired: bool
    is_asked: bool
    version: int
    live_difficulty: float
    live_discrimination: float
    live_guessing: float
    calibration: dict[str, Any] | None
    answer_count: int
    correct_count: int


@dataclass(frozen=True)
class PoolDetails:
    """A pool, a page of its versions, and its waiting proposal."""

    pool: PoolRow
    versions: list[VersionRow]
    proposal: ProposalRow | None


@dataclass(frozen=True)
class LockedItem:
    """The newest state of a question, whose pool is locked until the transaction ends."""

    concept_count: int
    current_version: int
    position: int
    version: int
    """Version of the pool that last changed the question."""
    retired: bool


@dataclass(frozen=True)
class LockedVersions:
    """The current version of a pool that is locked until the transaction ends."""

    current_version: int
    restored_version: int | None
    """Version that the current one restored."""
    exists: bool
    """Whether the pool has the version that was asked for."""


@dataclass(frozen=True)
class PoolPosition:
    """The last pool of the previous page; without values, the beginning of the list."""

    created_at: datetime | None = None
    pool_id: UUID | None = None


def list_pools(postgres: "Postgres", after: PoolPosition, limit: int) -> list[PoolRow]:
    """Return the page of pools, oldest first, that begins after a position."""
    params = _page(None, after, limit)
    return postgres.fetch_all(_queries["list_pools"], params, PoolRow, read=True)


def read_pool(
    postgres: "Postgres", pool_id: UUID, before: int | None, limit: int
) -> PoolDetails | None:
    """Return a pool with a page of its versions, newest first; None if the pool does not exist."""
    versions = {"pool_id": pool_id, "before": before, "limit": limit}
    pools, version_rows, proposals = postgres.batch(
        [
            Statement(_queries["list_pools"], _page(pool_id, PoolPosition(), 1), PoolRow),
            Statement(_queries["list_versions"], versions, VersionRow),
            Statement(_queries["waiting_proposal"], {"pool_id": pool_id}, ProposalRow),
        ],
        read=True,
    )
    if not pools:
        return None
    return PoolDetails(pools[0], version_rows, proposals[0] if proposals else None)


def list_questions(
    postgres: "Postgres", pool_id: UUID, after: int | None, limit: int
) -> list[QuestionRow] | None:
    """Return a page of questions by position; None if the pool does not exist."""
    params = {"pool_id": pool_id, "after": after, "question_id": None, "limit": limit}
    pools, questions = postgres.batch(
        [
            Statement(_queries["list_pools"], _page(pool_id, PoolPosition(), 1), PoolRow),
            Statement(_queries["list_questions"], params, QuestionRow),
        ],
        read=True,
    )
    return questions if pools else None


def read_question(tx: "Transaction", pool_id: UUID, question_id: str) -> QuestionRow:
    """Return a question, which the pool must have."""
    params = {"pool_id": pool_id, "after": None, "question_id": question_id, "limit": 1}
    (row,) = tx.fetch_all(_queries["list_questions"], params, QuestionRow)
    return row


def lock_item(tx: "Transaction", pool_id: UUID, question_id: str) -> LockedItem | None:
    """Lock a pool and return the state of one of its questions; None if it has no such question."""
    params = {"pool_id": pool_id, "question_id": question_id}
    tx.execute(_queries["lock_pool"], {"pool_id": pool_id})
    return tx.fetch_one(_queries["read_item"], params, LockedItem)


def retire(tx: "Transaction", pool_id: UUID, item: LockedItem) -> None:
    """Add a version to a locked pool, in which the question is retired."""
    version = _write_next_version(tx, pool_id, "retired", item.current_version, None)
    params = {"pool_id": pool_id, "position": item.position, "version": version}
    tx.execute(_queries["write_retired_item"], params)


def lock_versions(tx: "Transaction", pool_id: UUID, version: int) -> LockedVersions | None:
    """Lock a pool; return its current version and whether it has `version`; None if missing."""
    params = {"pool_id": pool_id, "version": version}
    tx.execute(_queries["lock_pool"], {"pool_id": pool_id})
    return tx.fetch_one(_queries["read_current"], params, LockedVersions)


def restore(tx: "Transaction", pool_id: UUID, version: int, current_version: int) -> int:
    """Add a version to a locked pool, with an earlier one's parameters; return its number."""
    new_version = _write_next_version(tx, pool_id, "restored", current_version, version)
    params = {"pool_id": pool_id, "version": new_version, "source": version}
    tx.execute(_queries["write_restored_items"], params)
    return new_version


def _write_next_version(
    tx: "Transaction",
    pool_id: UUID,
    origin: str,
    current_version: int,
    restored_version: int | None,
) -> int:
    report = None if restored_version is None else {"restored_version": restored_version}
    params = {
        "pool_id": pool_id,
        "origin": origin,
        "current_version": current_version,
        "source": current_version if restored_version is None else restored_version,
        "report": None if report is None else as_jsonb(report),
    }
    version: int = tx.fetch_value(_queries["write_next_version"], params)
    return version


def _page(pool_id: UUID | None, after: PoolPosition, limit: int) -> dict[str, Any]:
    return {
        "pool_id": pool_id,
        "after_time": after.created_at,
        "after_id": after.pool_id,
        "limit": limit,
    }
