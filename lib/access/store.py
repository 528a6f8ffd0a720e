"""Statements about operators: attempts to sign in, and the audit trail."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
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
    """An attempt to operate, and the limits on failures."""

    action: str
    """Path of the endpoint."""
    address_sha256: str
    password_right: bool
    address_limit: int
    address_window: timedelta
    global_limit: int
    global_window: timedelta


def admit_operator(postgres: "Postgres", attempt: Attempt) -> int | None:
    """Record an attempt and decide on it.

    Returns:
        None to admit the caller, 0 to refuse a wrong password, else the seconds to wait.
    """
    wait = _with_schema(
        postgres, lambda: postgres.fetch_value(_queries["admit_operator"], asdict(attempt))
    )
    return None if wait is None else int(wait)


def append_audit(postgres: "Postgres", action: str, outcome: str, facts: Mapping[str, Any]) -> None:
    """Append an entry to the audit trail, in a transaction of its own."""
    params = {"action": action, "outcome": outcome, "facts": as_jsonb(dict(facts))}
    _with_schema(postgres, lambda: postgres.execute(_queries["record_audit"], params))


def first_broken_entry(postgres: "Postgres") -> int | None:
    """Return the id of the first audit entry whose digest does not match; None if all match."""
    broken: int | None = postgres.fetch_value(_queries["verify_audit"])
    return broken


def _with_schema(postgres: "Postgres", run: Callable[[], T]) -> T:
    """Run a statement; create its tables first if they are missing.

    The first operator's call on an empty database needs them before there is any other table.
    """
    try:
        return run()
    except SchemaMissing:
        with postgres.transaction() as transaction:
            for script in ("access/schema/operators.sql", *RIGHTS):
                transaction.execute_script(load_script(script))
        return run()
