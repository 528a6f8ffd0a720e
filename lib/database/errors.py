"""Errors for refusals by the schema's scripts, and by the database within a transaction.

Only calls with a password and scheduled jobs use transactions, so only their responses name
tables.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.database.statements import register_reason
from lib.errors import AppError, Busy, Conflict

if TYPE_CHECKING:
    from psycopg import Error
    from psycopg.errors import Diagnostic


class SchemaNeedsDecision(Conflict):
    """{reason}"""  # noqa: D415 the reason is a sentence

    code = "schema_needs_decision"


class RightMissing(Conflict):
    """The database's role lacks a right on {name}: grant it, or use the role that owns it."""

    code = "right_missing"


class NotOwner(Conflict):
    """Only the owner of {name} may change it: let POSTGRES_URL name that role, or change its owner.

    A superuser changes the owner with ALTER TABLE … OWNER TO ….
    """

    code = "not_owner"


class RowsHidden(Conflict):
    """Row-level security hides rows of {name} from the database's role: use one with BYPASSRLS.

    An owner sees every row, unless row-level security is forced:
    ALTER TABLE … NO FORCE ROW LEVEL SECURITY.
    """

    code = "rows_hidden"


class RefusedByConstraint(Conflict):
    """The constraint {constraint} of {name} does not allow the change."""

    code = "refused_by_constraint"


class RefusedByFunction(Conflict):
    """The function {function}{trigger} does not allow the change."""

    code = "refused_by_function"


class RefusedByDatabase(Conflict):
    """The database refused the change: {reason}."""

    code = "refused_by_database"


class TableLocked(Busy):
    """Other connections hold locks on {tables} (process ids {pids}): end them, or try again later.

    SELECT pg_terminate_backend(…) ends one.
    """

    code = "table_locked"

    def __init__(self, *, tables: str, pids: str) -> None:
        super(Busy, self).__init__(retry_after=5, tables=tables, pids=pids)


OF_A_TRANSACTION: tuple[type[AppError], ...] = (
    NotOwner,
    RefusedByConstraint,
    RefusedByDatabase,
    RefusedByFunction,
    RightMissing,
    RowsHidden,
    TableLocked,
)
"""Errors that any transaction may raise; the API's description lists them for calls with a password
and for scheduled calls."""


@dataclass(frozen=True)
class Lock:
    """Another connection's lock on a table."""

    table_name: str
    pid: int


@dataclass(frozen=True)
class Obstacles:
    """Queries about the cause after a transaction was rolled back."""

    tables_of_trigger: Callable[[str], list[str]]
    """Return the tables whose triggers run a function, such as `deny()`."""
    locks_of_others: Callable[[], list[Lock]]
    """Return the locks of other connections on our tables."""


def refusal(error: "Error", obstacles: Obstacles) -> AppError | None:
    """Return our error for what the database refused; None if the fault may be ours.

    Args:
        error: The driver's error that ended a transaction.
        obstacles: Queries about what blocked the transaction.
    """
    if error.diag.source_function == "exec_stmt_raise":
        return _refused_by_function(error.diag, obstacles)
    create = _REFUSALS.get(error.sqlstate or "")
    return None if create is None else create(error.diag, obstacles)


def _insufficient_privilege(diag: "Diagnostic", _obstacles: Obstacles) -> AppError:
    name = _name_in(diag.message_primary or "")
    if diag.source_function == "check_enable_rls":
        return RowsHidden(name=name)
    if (diag.message_primary or "").startswith("must be owner"):
        return NotOwner(name=name)
    return RightMissing(name=name)


def _refused_by_constraint(diag: "Diagnostic", _obstacles: Obstacles) -> AppError:
    name = f"{diag.schema_name}.{diag.table_name}"
    return RefusedByConstraint(constraint=diag.constraint_name or "NOT NULL", name=name)


def _refused_by_function(diag: "Diagnostic", obstacles: Obstacles) -> AppError | None:
    match = re.search(r"([\w.\"]+\([^)]*\))", diag.context or "")
    if match is None:
        return None
    tables = ", ".join(obstacles.tables_of_trigger(match[1]))
    trigger = f", which a trigger of {tables} runs," if tables else ""
    return RefusedByFunction(function=match[1], trigger=trigger)


def _refused_by_database(diag: "Diagnostic", _obstacles: Obstacles) -> AppError:
    """Repeat the database's message; in these states it names objects, never values."""
    return RefusedByDatabase(reason=diag.message_primary)


def _locked(_diag: "Diagnostic", obstacles: Obstacles) -> AppError | None:
    locks = obstacles.locks_of_others()
    if not locks:
        return None
    tables = ", ".join(dict.fromkeys(lock.table_name for lock in locks))
    pids = ", ".join(dict.fromkeys(str(lock.pid) for lock in locks))
    return TableLocked(tables=tables, pids=pids)


def _name_in(message: str) -> str:
    """Return the object that a message is about: in quotation marks, or else the last word."""
    match = re.search('["«»“„]([^"«»“”]+)["«»“”]', message)
    return match[1] if match else message.rpartition(" ")[2]


_REFUSALS: Mapping[str, Callable[["Diagnostic", Obstacles], AppError | None]] = {
    "0A000": _refused_by_database,  # feature_not_supported, such as a row lock in a view
    "23502": _refused_by_constraint,  # not_null_violation
    "23503": _refused_by_constraint,  # foreign_key_violation
    "23505": _refused_by_constraint,  # unique_violation
    "23514": _refused_by_constraint,  # check_violation
    "23P01": _refused_by_constraint,  # exclusion_violation
    "2BP01": _refused_by_database,  # dependent_objects_still_exist
    "42501": _insufficient_privilege,
    "42809": _refused_by_database,  # wrong_object_type: a view in the place of a table
    "428C9": _refused_by_database,  # generated_always
    "55000": _refused_by_database,  # object_not_in_prerequisite_state: a view that stores nothing
    "55P03": _locked,  # lock_not_available
}
"""Our errors by SQLSTATE, for states that a database's owner can bring about and undo."""

register_reason(
    "schema_needs_decision",
    lambda reason: SchemaNeedsDecision(reason=f"{reason} Nothing was changed."),
)
