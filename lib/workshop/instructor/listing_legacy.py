"""The instructor's list from the legacy tables, while the unified schema does not exist."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lib.deps import Deps
from lib.errors import SchemaMissing
from lib.text.redaction import REDACTED, redact
from lib.web.wire import UtcTime
from lib.workshop.emails import normalized_email
from lib.workshop.fields import parse_timestamp
from lib.workshop.instructor import store
from lib.workshop.instructor.listing import list_configs
from lib.workshop.instructor.listing_size import trim_to_size
from lib.workshop.instructor.wire import (
    MAX_PAGE_SIZE,
    ListedSession,
    ListedStudent,
    ListIn,
    ListOut,
)

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

Row = dict[str, Any]
"""A row of a legacy table, by column."""
_EMPTY: tuple[Any, ...] = (None, "", "[]", "{}", [], {})


def list_configs_or_legacy(request: ListIn, deps: Deps) -> ListOut:
    """Return a page of `list_configs`, or legacy rows if the unified schema does not exist.

    Raises:
        InvalidCursor: If the cursor is not the nextCursor of a page.
        SchemaMissing: If neither the unified schema nor a legacy table exists.
    """
    try:
        return list_configs(request, deps)
    except SchemaMissing:
        return _list_legacy(deps)


def _list_legacy(deps: Deps) -> ListOut:
    """Return the newest rows of the legacy tables: at most 2,000 of each, and 4 MB of JSON.

    Rows with the same token are merged; newer values replace older ones, and values of
    student_configs replace those of workshop_students. The totals count all rows.

    Raises:
        SchemaMissing: If neither table exists.
    """
    students = _load_rows(store.load_legacy_students, deps)
    configs = _load_rows(store.load_legacy_configs, deps)
    if students is None and configs is None:
        raise SchemaMissing
    merged = _merge(students or [], configs or [])
    sessions = [_session(row) for row in merged]
    # The newest row of each person comes last and replaces the others.
    people = {_email(row): row for row in reversed(merged) if _email(row)}
    incomplete = any(len(rows or []) == MAX_PAGE_SIZE for rows in (students, configs))
    listed_totals = store.ListTotals(students=len(people), sessions=len(sessions))
    totals = _count_all(deps) if incomplete else listed_totals
    return trim_to_size(
        ListOut(
            students=[_student(email, row) for email, row in people.items()],
            sessions=sessions,
            total_students=totals.students,
            total_sessions=totals.sessions,
            next_cursor=None,
            source="legacy",
        )
    )


def _load_rows(load: "Callable[[Postgres, int], list[Row]]", deps: Deps) -> list[Row] | None:
    try:
        return load(deps.postgres, MAX_PAGE_SIZE)
    except SchemaMissing:
        return None


def _merge(students: list[Row], configs: list[Row]) -> list[Row]:
    """Return one row per token, without secrets in its texts, newest first."""
    merged: dict[str | int, Row] = {}
    rows = [*sorted(students, key=_last_change), *sorted(configs, key=_last_change)]
    for number, row in enumerate(rows):
        values = {name: value for name, value in row.items() if value is not None}
        key = values.get("session_token") or number
        merged[key] = {**merged.get(key, {}), **values}
    newest_first = sorted(merged.values(), key=_last_change, reverse=True)
    return [_redact_texts(row) for row in newest_first]


def _last_change(row: Row) -> str:
    """Return the time of a row's last change, as the migration reads it; ISO 8601 sorts as text."""
    return _latest(row, "last_activity", "updated_at") or _latest(row, "created_at", "started_at")


def _latest(row: Row, *names: str) -> str:
    texts = (str(row.get(name) or "") for name in names)
    return max((text for text in texts if text[:1].isdigit()), default="")


def _redact_texts(row: Row) -> Row:
    redacted = {
        name: redact(value)
        for name, value in row.items()
        if isinstance(value, str) and name != "session_token"
    }
    return {**row, **redacted}


def _count_all(deps: Deps) -> store.ListTotals:
    """Count the people and the sessions of all legacy rows."""
    token_hashes: set[int] = set()
    emails: set[str] = set()
    rows_without_token = 0
    for load in (store.load_legacy_student_identities, store.load_legacy_config_identities):
        try:
            identities = load(deps.postgres)
        except SchemaMissing:
            continue
        if identities is not None:
            token_hashes.update(identities.tokens)
            emails.update(map(normalized_email, identities.emails))
            rows_without_token += identities.rows_without_token
    return store.ListTotals(
        students=len(emails - {""}), sessions=len(token_hashes) + rows_without_token
    )


def _email(row: Row) -> str:
    email = normalized_email(str(row.get("student_email") or ""))
    return "" if REDACTED.lower() in email else email


def _student(email: str, row: Row) -> ListedStudent:
    return ListedStudent(
        student_id=None,
        student_email=email,
        student_name=row.get("student_name"),
        created_at=parse_timestamp(row.get("created_at")),
        updated_at=parse_timestamp(row.get("updated_at")),
    )


def _session(row: Row) -> ListedSession:
    """Return a row as a session of the list; missing columns and nulls leave the defaults."""
    fields: dict[str, Any] = {}
    for name, field in ListedSession.model_fields.items():
        value = row.get(store.LEGACY_NAMES.get(name, name))
        if field.annotation == UtcTime | None:
            value = parse_timestamp(value)
        if value is not None:
            fields[name] = value
    fields |= {
        "session_token": row.get("session_token"),
        "student_id": None,
        "has_api_key": row.get("openai_api_key") not in _EMPTY,
        "has_system_prompt": row.get("system_prompt") not in _EMPTY,
        "has_tools": row.get("tools") not in _EMPTY,
    }
    return ListedSession.model_validate(fields)
