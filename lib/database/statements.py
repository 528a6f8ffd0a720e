"""Statements and constraint errors, without importing the driver.

The driver's import takes a fifth as long as FastAPI's. It happens with `lib/database/postgres.py`,
which is imported when the database is first needed.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from lib.database.queries import Query
from lib.errors import AppError

Params = dict[str, Any]

_constraints: dict[str, Callable[[str], AppError]] = {}


@dataclass(frozen=True)
class Statement:
    """One statement of a batch; `row` is the dataclass of its rows, or None for plain tuples."""

    query: Query
    params: Params | None = None
    row: type[Any] | None = None


_preceding: ContextVar[Callable[[], list[Statement]]] = ContextVar("preceding", default=list)


def precede_next(statements: Callable[[], list[Statement]]) -> None:
    """Send statements before this request's next database call, in the same round trip.

    Args:
        statements: Function that is called before each call to the database and returns the
            statements, or an empty list once they have been sent.
    """
    _preceding.set(statements)


def take_preceding() -> list[Statement]:
    """Return the statements that must be sent before the next one."""
    return _preceding.get()()


def register_constraint(name: str, error: Callable[[], AppError]) -> None:
    """Register our error for a violated constraint (or RAISE … USING CONSTRAINT)."""
    _constraints[name] = lambda _message: error()


def register_reason(name: str, error: Callable[[str], AppError]) -> None:
    """Register our error for a RAISE … USING CONSTRAINT whose message states the reason."""
    _constraints[name] = error


def constraint_error(name: str | None, message: str | None) -> AppError | None:
    """Return our error for a violated constraint; None if none is registered.

    Args:
        name: Name of the constraint.
        message: Message of the database.
    """
    error = _constraints.get(name or "")
    return None if error is None else error(message or "")


def as_jsonb(value: Any) -> Any:
    """Return a parameter that Postgres stores as JSONB."""
    from psycopg.types.json import Jsonb

    return Jsonb(value)
