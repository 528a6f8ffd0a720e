"""Results of all tests on a pool, for instructors, as JSON or as a spreadsheet."""

from datetime import datetime
from typing import Any
from uuid import UUID

from lib.assessment.errors import PoolNotFound
from lib.assessment.pools.rules import default_names
from lib.assessment.results import store
from lib.assessment.results.store import HistoryPosition, ResultRow, ResultsPoolRow
from lib.assessment.results.wire import PoolResultOut, PoolResultsOut
from lib.deps import Deps
from lib.web import csv_body, cursor
from lib.web.wire import utc_text

MAX_PAGE = 1_000
"""Maximum number of tests on a page; with 32 concepts and the longest ids, they take 2 MB."""

COLUMNS = (
    "session_id",
    "student_id",
    "pool_version",
    "status",
    "end_reason",
    "total_questions",
    "correct_responses",
    "accuracy",
    "started_at",
    "completed_at",
    "last_activity",
    "proven",
    "admitted",
)
"""Fields of a result with a column each; one column for each concept follows them."""


def pool_results(pool_id: UUID, limit: int, after: str | None, deps: Deps) -> PoolResultsOut:
    """Return a page of the tests on a pool, newest first.

    Raises:
        InvalidCursor: If `after` is not the cursor of a page.
        PoolNotFound: If the pool does not exist.
    """
    page = store.read_pool_results(deps.postgres, pool_id, _position(after), limit)
    if page is None:
        raise PoolNotFound
    pool, rows = page
    names = _concept_names(pool)
    return PoolResultsOut(
        question_pool_id=pool_id,
        concept_names=names,
        results=[_result(row, names) for row in rows],
        next_cursor=cursor.write(rows[-1].started_at, rows[-1].session_id)
        if len(rows) == limit
        else None,
    )


def as_csv(page: PoolResultsOut) -> bytes:
    """Return a page as a spreadsheet: a row for each test, a column for each concept."""
    header = [*COLUMNS, *(f"proficiency: {name}" for name in page.concept_names)]
    rows = ([_cell(getattr(row, name)) for name in COLUMNS] for row in page.results)
    return csv_body.write(
        header,
        ([*cells, *row.proficiency] for cells, row in zip(rows, page.results, strict=True)),
    )


def _cell(value: Any) -> Any:
    return utc_text(value) if isinstance(value, datetime) else value


def _concept_names(pool: ResultsPoolRow) -> list[str]:
    names: list[str] | None = pool.rules.get("concept_names")
    return default_names(pool.concept_count) if names is None else names


def _result(row: ResultRow, names: list[str]) -> PoolResultOut:
    is_open = row.status == "active"
    fields = {
        name: value for name, value in vars(row).items() if name in PoolResultOut.model_fields
    }
    return PoolResultOut(
        **{**fields, "session_id": None if is_open else row.session_id},
        proficiency=_proficiency(row, names),
    )


def _proficiency(row: ResultRow, names: list[str]) -> list[float | None]:
    values = row.final_proficiency
    if row.status == "active" or not isinstance(values, list):
        return [None] * len(names)
    by_name = dict(zip(row.concept_names or names, values, strict=False))
    return [by_name.get(name) for name in names]


def _position(after: str | None) -> HistoryPosition:
    if after is None:
        return HistoryPosition()
    started_at, session_id = cursor.read(after, _time_or_none, UUID)
    return HistoryPosition(started_at=started_at, session_id=session_id)


def _time_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=None)
