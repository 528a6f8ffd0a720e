"""Statements of question pools: read a version, upload, count exposure, report on a pool."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.assessment.pools.selection_settings import Selection
from lib.database.queries import load_queries
from lib.database.statements import Statement, as_jsonb

if TYPE_CHECKING:
    from lib.database.postgres import Postgres, Transaction

_queries = load_queries("assessment/pools.sql")


@dataclass(frozen=True)
class VersionRow:
    """One version of a pool."""

    concept_count: int
    question_count: int
    prior_covariance: list[float] | None
    selection: dict[str, Any] | None
    exposure: dict[str, Any] | None


@dataclass(frozen=True)
class ItemRow:
    """One item of a version."""

    question_id: str
    revision: int
    option_count: int
    correct_option: int | None
    concepts: list[float]
    difficulty: float
    discrimination: float
    guessing: float
    difficulty_error: float | None
    """Standard error of the difficulty; None without a calibration since the author wrote it."""
    discrimination_error: float | None
    """Standard error of the discrimination; None as for the difficulty."""


@dataclass(frozen=True)
class ExistingPool:
    """A pool that already holds an uploaded question, and the first such question."""

    pool_id: UUID
    place: int
    """Index of the question in the upload."""
    question_id: str


@dataclass(frozen=True)
class LockedPool:
    """The current version of a pool, locked until the transaction ends."""

    current_version: int
    selection: dict[str, Any] | None
    exposure: dict[str, Any] | None


@dataclass(frozen=True)
class TestCount:
    """Number of tests that asked a question, or that reached a level."""

    __test__ = False

    position: int | None
    """Position of the question; None if the row counts all tests that reached the level."""
    level: int
    """Level of ability, or `eligibility.ALL_LEVELS`."""
    tests: int


@dataclass(frozen=True)
class PoolState:
    """A pool's current version and its last attempt at a calibration."""

    version: int
    question_count: int
    last_attempt: dict[str, Any] | None
    """Columns of `calibration_attempts`; None before the first attempt."""


@dataclass(frozen=True)
class CalibrationRow:
    """A version that a calibration wrote; figures are None where its report lacks them."""

    version: int
    created_at: datetime
    answers: int | None
    people: int | None
    questions: int | None
    rounds: int | None
    settled: bool | None
    drifted: int | None


@dataclass(frozen=True)
class FlagPosition:
    """The last flagged question of the previous page; without values, the beginning of the list."""

    version: int | None = None
    p_value: float | None = None
    question_id: str | None = None


@dataclass(frozen=True)
class FlaggedRow:
    """A question flagged for drift."""

    question_id: str
    version: int
    text_changed: bool
    answers: int
    p_value: float
    curve_change: float
    parameters: dict[str, dict[str, Any]]
    """Parameter name -> fields of `lib.assessment.debug.wire.ParameterOut`."""


@dataclass(frozen=True)
class PoolReport:
    """A pool's state, its calibrations and a page of its flagged questions."""

    state: PoolState
    calibrations: list[CalibrationRow]
    flagged: list[FlaggedRow]


@dataclass(frozen=True)
class _Id:
    id: Any


def read_version(
    postgres: "Postgres", pool_id: UUID, version: int
) -> tuple[VersionRow, list[ItemRow]] | None:
    """Read a version and its items in one round trip; return None if it does not exist."""
    params = {"pool_id": pool_id, "version": version}
    versions, items = postgres.batch(
        [
            Statement(_queries["read_version"], params, VersionRow),
            Statement(_queries["read_items"], params, ItemRow),
        ],
        read=True,
    )
    return (versions[0], items) if versions else None


def current_version(postgres: "Postgres", pool_id: UUID) -> int | None:
    """Return the version that new sessions get; None if the pool does not exist."""
    params = {"pool_id": pool_id}
    version: int | None = postgres.fetch_value(_queries["current_version"], params, read=True)
    return version


def stage_upload(tx: "Transaction", questions: list[dict[str, Any]]) -> list[ExistingPool]:
    """Wait for other uploads and stage the questions; return the pools that have some of them."""
    tx.fetch_value(_queries["lock_uploads"])
    tx.execute(_queries["stage_upload"], {"questions": as_jsonb(questions)})
    return tx.fetch_all(_queries["existing_pools"], None, ExistingPool)


def lock_or_create_pool(
    tx: "Transaction", pool_id: UUID, name: str | None, concept_count: int
) -> int:
    """Lock the pool, creating it if it is new; return how many concepts it tests."""
    params = {"pool_id": pool_id, "name": name, "concept_count": concept_count}
    stored_count: int = tx.fetch_value(_queries["lock_or_create_pool"], params)
    return stored_count


def write_rules(tx: "Transaction", pool_id: UUID, changes: dict[str, Any]) -> dict[str, Any]:
    """Change rules of a pool (None: back to the default); return all rules."""
    params = {"pool_id": pool_id, "given": as_jsonb(changes)}
    rules: dict[str, Any] = tx.fetch_value(_queries["write_rules"], params)
    return rules


def write_upload(
    tx: "Transaction",
    pool_id: UUID,
    selection: dict[str, Any] | None,
) -> None:
    """Write the staged questions and, if anything changed, the next version of their pool.

    Args:
        tx: The transaction that staged the questions and locked the pool.
        pool_id: Pool of the questions.
        selection: New selection settings; None to keep the pool's. A setting that is in neither
            gets its default.
    """
    pool = {"pool_id": pool_id}
    with_new_parameters = tx.fetch_all(_queries["questions_with_new_parameters"], None, _Id)
    tx.execute(_queries["archive_changed_texts"])
    tx.execute(_queries["write_questions"], pool)
    ids = [row.id for row in with_new_parameters]
    tx.execute(_queries["stage_changes"], {"with_new_parameters": ids})
    settings = {
        "selection": None if selection is None else as_jsonb(selection),
        "default_selection": as_jsonb(asdict(Selection())),
        "unstated_selection": as_jsonb(asdict(Selection.of_version(None))),
    }
    version = tx.fetch_value(_queries["write_uploaded_version"], {**pool, **settings})
    if version is not None:
        tx.execute(_queries["write_items"], {**pool, "version": version})


def pools_with_exposure_limit(postgres: "Postgres", pool_id: UUID | None) -> list[UUID]:
    """Return the pools whose current version limits exposure: all, or only the given one."""
    params = {"pool_id": pool_id}
    rows = postgres.fetch_all(_queries["pools_with_exposure_limit"], params, _Id, read=True)
    return [row.id for row in rows]


def lock_pool(tx: "Transaction", pool_id: UUID) -> LockedPool | None:
    """Lock a pool against uploads and calibration; return None if it does not exist."""
    return tx.fetch_one(_queries["lock_pool"], {"pool_id": pool_id}, LockedPool)


def count_tests(
    tx: "Transaction", pool_id: UUID, since: int, levels: Sequence[float], all_levels: int
) -> list[TestCount]:
    """Count the tests on versions from `since` on, per level and per question and level.

    Args:
        tx: The transaction that locked the pool.
        pool_id: Pool of the tests.
        since: First version to count.
        levels: Mean proficiencies at which the next level begins, ascending.
        all_levels: Level of the rows that count tests at any level.
    """
    params = {"pool_id": pool_id, "since": since, "levels": list(levels), "all_levels": all_levels}
    return tx.fetch_all(_queries["count_tests"], params, TestCount)


def write_exposure_version(
    tx: "Transaction", pool_id: UUID, version: int, exposure: dict[str, Any]
) -> int:
    """Add the version after `version`, with new exposure counts; return its number."""
    params = {"pool_id": pool_id, "version": version, "exposure": as_jsonb(exposure)}
    new_version: int = tx.fetch_value(_queries["write_exposure_version"], params)
    return new_version


def read_report(
    postgres: "Postgres", pool_id: UUID, *, calibrations: int, after: FlagPosition, limit: int
) -> PoolReport | None:
    """Read a pool's report in one round trip; return None if the pool does not exist.

    Args:
        postgres: The database.
        pool_id: Pool to report on.
        calibrations: Maximum number of calibrations.
        after: Last flagged question of the previous page.
        limit: Maximum number of flagged questions.
    """
    pool = {"pool_id": pool_id}
    latest = {**pool, "calibrations": calibrations}
    page = {
        **pool,
        "after_version": after.version,
        "after_p_value": after.p_value,
        "after_question": after.question_id,
        "limit": limit,
    }
    states, calibration_rows, flagged = postgres.batch(
        [
            Statement(_queries["read_pool_state"], pool, PoolState),
            Statement(_queries["read_calibrations"], latest, CalibrationRow),
            Statement(_queries["read_flagged_questions"], page, FlaggedRow),
        ],
        read=True,
    )
    return PoolReport(states[0], calibration_rows, flagged) if states else None
