"""The instructor's list before the unified schema exists, from the older tables as they stand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.database.queries import Query, load_queries
from lib.deps import Deps
from lib.errors import SchemaMissing
from lib.workshop.api_keys import REMOVED, without_keys
from lib.workshop.fields import utc_moment
from lib.workshop.instructor.listing_size import fitting
from lib.workshop.instructor.wire import PAGE, ListedSession, ListedStudent, ListOut

_queries = load_queries("workshop/listing.sql")
_RENAMED = {
    "phone_number": "selected_phone_number",
    "voice": "selected_voice",
    "use_case": "use_case_description",
}
_EMPTY: tuple[Any, ...] = (None, "", "[]", "{}", [], {})


@dataclass(frozen=True)
class _Row:
    o: dict[str, Any]


@dataclass(frozen=True)
class _Names:
    """Who stands in one older table."""

    tokens: list[int]
    tokenless: int
    emails: list[int]


def list_legacy(deps: Deps) -> ListOut:
    """At most 2,000 rows of each older table, the newest whose JSON fits into 4 MB.

    The totals are of all rows, so that they say whether anything was left out.

    Of rows of one token the newest says most; a configuration goes over its session's row.

    Raises:
        SchemaMissing: If neither table is there.
    """
    students, configs = (_rows(_queries[name], deps) for name in ("legacy_rows", "legacy_configs"))
    if students is None and configs is None:
        raise SchemaMissing
    merged = _merged(students or [], configs or [])
    sessions = [_session(row) for row in merged]
    people = {_email(row): row for row in reversed(merged) if _email(row)}  # the newest stays
    cut = any(len(rows or []) == PAGE for rows in (students, configs))
    total_sessions, total_students = _totals(deps) if cut else (len(sessions), len(people))
    listed = ListOut(
        students=[_student(email, row) for email, row in people.items()],
        sessions=sessions,
        total_students=total_students,
        total_sessions=total_sessions,
        next_cursor=None,
        source="legacy",
    )
    return fitting(listed)


def _rows(query: Query, deps: Deps) -> list[dict[str, Any]] | None:
    try:
        return [row.o for row in deps.postgres.fetch_all(query, {"limit": PAGE}, _Row, read=True)]
    except SchemaMissing:
        return None


def _merged(students: list[dict[str, Any]], configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per token, without API keys, the newest first."""
    merged: dict[str | int, dict[str, Any]] = {}
    for number, row in enumerate([*sorted(students, key=_moment), *sorted(configs, key=_moment)]):
        given = {name: value for name, value in row.items() if value is not None}
        key = given.get("session_token") or number
        merged[key] = {**merged.get(key, {}), **given}
    return [_shown(row) for row in reversed(merged.values())]


def _moment(row: dict[str, Any]) -> str:
    """When it was written last, as the migration sees it; ISO 8601 sorts as text."""
    written, made = (
        max(
            (text for name in names if (text := str(row.get(name) or ""))[:1].isdigit()), default=""
        )
        for names in (("last_activity", "updated_at"), ("created_at", "started_at"))
    )
    return written or made


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    texts = {
        name: without_keys(value)
        for name, value in row.items()
        if isinstance(value, str) and name != "session_token"
    }
    return {**row, **texts}


def _totals(deps: Deps) -> tuple[int, int]:
    """Sessions and people of all rows."""
    tokens: set[int] = set()
    emails: set[int] = set()
    tokenless = 0
    for name in ("legacy_row_names", "legacy_config_names"):
        try:
            found = deps.postgres.fetch_one(_queries[name], None, _Names, read=True)
        except SchemaMissing:
            continue
        if found is not None:
            tokens.update(found.tokens)
            emails.update(found.emails)
            tokenless += found.tokenless
    return len(tokens) + tokenless, len(emails)


def _email(row: dict[str, Any]) -> str:
    email = str(row.get("student_email") or "").strip().lower()
    return "" if REMOVED.lower() in email else email


def _student(email: str, row: dict[str, Any]) -> ListedStudent:
    return ListedStudent(
        student_id=None,
        student_email=email,
        student_name=row.get("student_name"),
        created_at=utc_moment(row.get("created_at")),
        updated_at=utc_moment(row.get("updated_at")),
    )


def _session(row: dict[str, Any]) -> ListedSession:
    """Read a row of whatever columns; one that is missing or null is left at the default."""
    known: dict[str, Any] = {}
    for name, field in ListedSession.model_fields.items():
        value = row.get(_RENAMED.get(name, name))
        if field.annotation == datetime | None:
            value = utc_moment(value)
        if value is not None:
            known[name] = value
    known |= {
        "session_token": row.get("session_token"),
        "student_id": None,
        "has_api_key": row.get("openai_api_key") not in _EMPTY,
        "has_system_prompt": row.get("system_prompt") not in _EMPTY,
        "has_tools": row.get("tools") not in _EMPTY,
    }
    return ListedSession.model_validate(known)
