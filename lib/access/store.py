"""Statements about operators: attempts to sign in, and the audit trail."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from lib.database.queries import load_queries, load_script
from lib.database.schema import RIGHTS
from lib.database.statements import as_jsonb
from lib.errors import SchemaMissing

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("access/operators.sql")
T = TypeVar("T")


@dataclass(frozen=True)
class Attempt:
    """An attempt to make an operator's call, and the limits on failures."""

    action: str
    """Path of the endpoint."""
    address_sha256: str
    password_right: bool
    address_limit: int
    address_window: timedelta
    global_limit: int
    global_window: timedelta
    admitted_window: timedelta
    """Time for which guesses from other addresses do not lock an address that was admitted."""
    facts: Mapping[str, Any]
    """Further facts about the attempt, for the audit trail."""


@dataclass(frozen=True)
class ChainHead:
    """The newest entry of the audit trail, now or at an earlier time."""

    id: int
    entry_sha256: bytes


@dataclass(frozen=True)
class AuditFilter:
    """Filter for the entries to return; None does not filter."""

    before: int | None
    """Upper limit of their ids, exclusive."""
    action: str | None
    outcome: str | None
    since: datetime | None
    until: datetime | None
    limit: int
    max_bytes: int
    """Maximum size of their JSON."""


@dataclass(frozen=True)
class AuditRow:
    """An entry of the audit trail."""

    id: int
    happened_at: datetime
    action: str
    outcome: str
    address: str | None
    """The first digits of the hash of the caller's address."""
    facts: dict[str, Any]
    page_rows: int
    """Number of entries of the page before it was cut to size."""


def admit_operator(postgres: "Postgres", attempt: Attempt) -> int | None:
    """Record an attempt and decide on it.

    Returns:
        None to admit the caller, 0 to refuse a wrong password, otherwise the seconds to wait.
    """
    params = {**asdict(attempt), "facts": as_jsonb(dict(attempt.facts))}
    wait = _with_schema(postgres, lambda: postgres.fetch_value(_queries["admit_operator"], params))
    return None if wait is None else int(wait)


def record_refused_schedule(
    postgres: "Postgres", action: str, address_sha256: str, *, limit: int, window: timedelta
) -> None:
    """Record a scheduled call with a wrong secret, unless `limit` calls were refused already.

    All refused calls in the window count, including those with a wrong password.
    """
    params = {
        "action": action,
        "address_sha256": address_sha256,
        "limit": limit,
        "window": window,
    }
    _with_schema(postgres, lambda: postgres.execute(_queries["record_refused_schedule"], params))


def append_audit(postgres: "Postgres", action: str, outcome: str, facts: Mapping[str, Any]) -> None:
    """Append an entry to the audit trail, in a transaction of its own."""
    params = {"action": action, "outcome": outcome, "facts": as_jsonb(dict(facts))}
    _with_schema(postgres, lambda: postgres.execute(_queries["record_audit"], params))


def first_broken_entry(postgres: "Postgres") -> int | None:
    """Return the id of the first audit entry whose digest does not match; None if all match."""
    entry_id: int | None = postgres.fetch_value(_queries["verify_audit"])
    return entry_id


def newest_entry(postgres: "Postgres") -> ChainHead | None:
    """Return the head of the audit trail; None if it is empty."""
    return postgres.fetch_one(_queries["newest_entry"], None, ChainHead)


def entry_matches(postgres: "Postgres", head: ChainHead) -> bool:
    """Return whether the audit trail still has an entry that was once its newest."""
    return bool(postgres.fetch_value(_queries["entry_matches"], asdict(head)))


def load_audit_page(postgres: "Postgres", filters: AuditFilter) -> list[AuditRow]:
    """Return entries, newest first."""
    return postgres.fetch_all(_queries["audit_page"], asdict(filters), AuditRow)


def _with_schema(postgres: "Postgres", run: Callable[[], T]) -> T:
    """Run a statement; create its tables first if they are missing.

    An operator's first call on an empty database needs the tables before any other table exists.
    """
    try:
        return run()
    except SchemaMissing:
        with postgres.transaction() as transaction:
            for script in ("access/schema/operators.sql", *RIGHTS):
                transaction.execute_script(load_script(script))
        return run()
