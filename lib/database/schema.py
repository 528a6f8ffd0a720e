"""The schema of all contexts, as scripts that can be run repeatedly.

The endpoint admin-create-unified-schema, `migrate.py upgrade` and `init_db.py` run the same
scripts in the same order, so they all produce the same schema.
"""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from lib.database.errors import Obstacles, refusal
from lib.database.queries import load_script

if TYPE_CHECKING:
    from psycopg import Connection, Error
    from psycopg.errors import Diagnostic

OLD_OVERLOADS = "database/schema/old_overloads.sql"
"""Script that must run after all scripts that replace a context's functions, in the same
transaction."""
RIGHTS = ("database/schema/own_objects.sql", "database/schema/rights.sql")
"""Scripts that must run after all those that create tables or functions, in the same
transaction."""
DOWNGRADE = "database/schema/downgrade.sql"
"""Script that brings the previous version's tables back."""
REPORT = "SW001"
"""SQLSTATE of the notices that are meant for operators."""
FINISH = "database/schema/finish.sql"
"""Script that precedes the others if the upgrade ends the service for the previous version."""

RECORD_SCRIPTS = "database/schema/record_scripts.sql"
"""Script that records the fingerprint of all scripts."""
REVISIONS = ("001",)
"""Alembic's revisions in order; deployed functions do not contain `migrations/`."""

SCRIPTS = (
    "database/schema/bookkeeping.sql",
    # Before the workshop's, because old assessment tables take the name of its table `students`.
    "assessment/schema/move_old_tables.sql",
    "assessment/schema/free_older_tables.sql",
    "assessment/schema/normalize_older_tables.sql",
    "assessment/schema/tables.sql",
    "assessment/schema/twins.sql",
    "assessment/schema/repair_older_questions.sql",
    "assessment/schema/upgrade_older_tables.sql",
    "assessment/schema/admission.sql",
    "assessment/schema/older_pools.sql",
    "assessment/schema/return_older_objects.sql",
    "assessment/schema/pool_changes.sql",
    "assessment/schema/functions.sql",
    "assessment/schema/removal.sql",
    "assessment/schema/previous_version.sql",
    "access/schema/operators.sql",
    "access/schema/write_counts.sql",
    "workshop/schema/adopt.sql",
    "workshop/schema/courses.sql",
    "workshop/schema/tables.sql",
    "workshop/schema/functions.sql",
    "workshop/schema/progress.sql",
    "workshop/schema/older_pages.sql",
    "workshop/schema/removals.sql",
    "workshop/schema/students.sql",
    "workshop/schema/support.sql",
    "workshop/schema/roster.sql",
    "workshop/schema/old_log.sql",
    "learning/schema/return_tables.sql",
    "learning/schema/tables.sql",
    "learning/schema/changes.sql",
    "learning/schema/indexes.sql",
    "learning/schema/fixed_ids.sql",
    "learning/schema/removal.sql",
    "learning/schema/read_old_rows.sql",
    "learning/schema/copy_people.sql",
    "learning/schema/copy_syllabus.sql",
    "learning/schema/copy_performance.sql",
    "learning/schema/adopt.sql",
    "database/schema/search_path.sql",
    RECORD_SCRIPTS,
    OLD_OVERLOADS,
    *RIGHTS,
    "database/schema/invalid_indexes.sql",
)
_COMMENT = re.compile(r"^ *--.*\n", re.MULTILINE)
INDEPENDENT = ("assessment", "workshop", "learning")
"""Contexts whose scripts may be refused while the scripts of the other contexts still run."""
NEEDS_DECISION = "schema_needs_decision"
"""Constraint that scripts name when only a person can decide."""
OTHERS_DONE = "The objects named here are unchanged; everything else is up to date."
_WAITING = "workshop/"
"""Start of the names of scripts that wait while a view has the name of the table `students`."""


@dataclass(frozen=True)
class Step:
    """One script that ran, and the seconds that it took."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Upgrade:
    """The result of an upgrade."""

    steps: list[Step]
    reports: list[str]
    """Lines for the operator about everything that was moved, repaired or left unchanged."""
    refused: list[str]
    """Reason for each context that was not upgraded; the others are up to date."""

    @property
    def refusal(self) -> str:
        """The reasons in `refused`, and the report, which a second run would not repeat."""
        report = [f"What was done: {'; '.join(self.reports)}."] if self.reports else []
        return " ".join([*self.refused, OTHERS_DONE, *report])


def schema_scripts() -> list[tuple[str, str]]:
    """Return name and text of each script in the order in which they run."""
    return [(name, _script(name)) for name in SCRIPTS]


@cache
def fingerprint() -> str:
    """Return the fingerprint of the scripts of this version."""
    return fingerprint_of({name: load_script(name) for name in SCRIPTS})


def fingerprint_of(scripts: Mapping[str, str]) -> str:
    """Return 16 hexadecimal digits that depend on every line except comments."""
    text = "\n".join(_COMMENT.sub("", script) for script in scripts.values())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def upgrade_schema(connection: "Connection", *, finish: bool = False) -> Upgrade:
    """Run every script in the connection's transaction.

    A context whose scripts are refused stays as it was; the others are still upgraded.

    Args:
        connection: Its transaction is neither begun nor ended here.
        finish: Drop the views that serve the previous version of the tests.
    """
    steps: list[Step] = []
    refused: list[str] = []
    with reports(connection) as lines:
        if finish:
            connection.execute(load_script(FINISH).encode())
        for context, scripts in groupby(schema_scripts(), key=_context_of):
            if context in INDEPENDENT:
                lines_before = len(lines)
                with _undone_if_refused(context, connection, refused):
                    steps += _run(scripts, connection)
                if any(reason.startswith(f"{context}: ") for reason in refused):
                    del lines[lines_before:]  # the work that they report was undone
            else:
                # Without its fingerprint, the schema counts as behind this version.
                scripts_to_run = [it for it in scripts if not refused or it[0] != RECORD_SCRIPTS]
                steps += _run(scripts_to_run, connection)
    return Upgrade(steps, lines, refused)


def _context_of(script: tuple[str, str]) -> str:
    return script[0].partition("/")[0]


def _run(scripts: Iterable[tuple[str, str]], connection: "Connection") -> list[Step]:
    steps = []
    for name, script in scripts:
        started = time.monotonic()
        connection.execute(script.encode())
        steps.append(Step(name, time.monotonic() - started))
    return steps


@contextmanager
def _undone_if_refused(
    context: str, connection: "Connection", refused: list[str]
) -> Iterator[None]:
    """Undo the block if the database refuses it, and add the reason to `refused`."""
    from psycopg import Error, OperationalError

    try:
        with connection.transaction():
            yield
    except OperationalError:  # a lock, a time limit, a lost connection: no context can go on
        raise
    except Error as error:
        refused.append(f"{context}: {_reason(error)}")


def _reason(error: "Error") -> str:
    """Return a sentence about the refusal that names objects, but no value of a row."""
    message = error.diag.message_primary or ""
    if error.diag.constraint_name == NEEDS_DECISION:
        return message
    app_error = refusal(error, Obstacles(lambda _function: [], list))
    if app_error is not None:
        return str(app_error)
    if error.sqlstate and error.sqlstate.startswith("42"):  # these messages name objects only
        return f"the database refused a change: {message}."
    table = f" in {error.diag.table_name}" if error.diag.table_name else ""
    return f"the database refused a change{table} ({type(error).__name__}, {error.sqlstate})."


@contextmanager
def reports(connection: "Connection") -> Iterator[list[str]]:
    """Collect the reports that scripts make to the operator."""
    lines: list[str] = []

    def collect(notice: "Diagnostic") -> None:
        if notice.sqlstate == REPORT and notice.message_primary is not None:
            lines.append(notice.message_primary)

    connection.add_notice_handler(collect)
    try:
        yield lines
    finally:
        connection.remove_notice_handler(collect)


def _script(name: str) -> str:
    script = load_script(name)
    if name == RECORD_SCRIPTS:
        return script.replace("{{fingerprint}}", fingerprint())
    return _unless_waiting(script) if name.startswith(_WAITING) else script


def _unless_waiting(script: str) -> str:
    """Return a statement that runs the script unless the workshop's tables have to wait.

    The decision is made in SQL, so that printed SQL makes it too.
    """
    return (
        "DO $unless_waiting$ BEGIN IF NOT stepwise.workshop_waits() THEN EXECUTE $script$\n"
        f"{script}\n"
        "$script$; END IF; END $unless_waiting$;\n"
    )
