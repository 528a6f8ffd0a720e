"""The tables that a backup contains, their order, and the reasons for leaving others out."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from lib.database.expected_tables import workshop_tables
from lib.legacy.runs.run import LEGACY_TABLES
from lib.operations.backups.store import CatalogTable
from lib.operations.errors import NothingToBackUp, TablesNotReadable

WORKSHOP_COLUMNS = {
    "courses": {"course_id", "steps"},
    "students": {"student_id"},
    "enrollments": {"student_id", "course_id"},
}
"""Columns that identify tables of the workshop; one of SESSION_COLUMNS identifies the others."""
SESSION_COLUMNS = {"student_id", "session_token"}
ENROLLMENTS_PARENT = "public.courses"
"""Table that `enrollments` refers to; other applications have tables with the same columns."""
NEEDED_TABLES = {"courses": ("sessions",), "enrollments": ("students", "courses")}
"""Tables of the workshop, each with the tables without which its rows are useless."""
OLD_ASSESSMENT = {
    "students": {"id"},
    "student_proficiencies": {"student_id", "concept_name", "proficiency_value"},
    "question_pools": {"id"},
    "questions": {"id", "pool_id", "correct_answer"},
    "test_sessions": {"id", "student_id", "status"},
    "test_responses": {"student_id", "session_id", "question_id", "is_correct"},
}
"""Tables of an assessment in `public` before its first upgrade, and columns that identify them."""
IDENTIFYING_TABLES = ("student_proficiencies", "questions", "test_sessions", "test_responses")
"""Tables that their columns identify beyond doubt; the others count as ours only if one of these
exists."""
AUDIT_TRAIL = "operator_audit"
LEFT_OUT = {
    "idempotency_keys": "it only prevents a request from being repeated within 24 hours",
    "operator_failures": "it only counts wrong passwords of the last hours",
    "removals": "it prevents the return of removed people from any backup",
}
"""Tables of `public` that are not in a backup, each with the reason."""
OWN_SCHEMAS = {
    "legacy": "it describes runs on the tables of this database",
    "stepwise": "it describes upgrades of this database",
}
"""Schemas with bookkeeping that is not in a backup, each with the reason."""
LEGACY_SET_ASIDE = re.compile(rf"(?:{'|'.join(LEGACY_TABLES)})_backup_\d+(?:_\d+)*")
WORKSHOP_SET_ASIDE = re.compile(r"(?P<table>\w+)_old_\d+_\d+")
KINDS_WITH_ROWS = frozenset({"r", "p"})  # pg_class.relkind: tables and partitioned tables


class Context(StrEnum):
    """A part of the product; a backup contains the parts in this order."""

    WORKSHOP = "workshop"
    LEGACY = "legacy"
    ASSESSMENT = "assessment"
    LEARNING = "learning"
    OPERATORS = "operators"


@dataclass(frozen=True)
class BackupTable:
    """A table that a backup contains."""

    name: str
    """Schema and name, such as `assessment.questions`."""
    context: Context
    parents: frozenset[str]
    """Tables that its foreign keys refer to."""


@dataclass(frozen=True)
class Selection:
    """The tables of a database that a backup contains, parents first."""

    tables: list[BackupTable]
    left_out: list[str]
    """Lines for a person about what the backup does not contain, and why."""


def select(catalog: Sequence[CatalogTable]) -> Selection:
    """Select the tables of all contexts from those in the catalog.

    Raises:
        NothingToBackUp: If none of them exists, or only the operators' audit trail.
        TablesNotReadable: If one cannot be read, or rows of it are hidden.
    """
    contexts = context_of_each(catalog)
    own_tables = [table for table in catalog if table.name in contexts]
    if not set(contexts.values()) - {Context.OPERATORS}:
        raise NothingToBackUp
    unreadable = [table.name for table in own_tables if not table.readable or table.partly_hidden]
    if unreadable:
        raise TablesNotReadable(tables=", ".join(unreadable))
    tables = [
        BackupTable(table.name, contexts[table.name], frozenset(table.parents))
        for table in own_tables
    ]
    return Selection(_parents_first(tables), _left_out_lines(catalog, contexts))


def context_of_each(catalog: Iterable[CatalogTable]) -> dict[str, Context]:
    """Return the context of each table that belongs to one, by its name."""
    tables = list(catalog)
    names = {
        table.table_name
        for table in tables
        if table.schema_name == "public" and _has_columns_of_old_assessment(table)
    }
    old_assessment = names if names.intersection(IDENTIFYING_TABLES) else set()
    contexts_by_table = ((table.name, _context(table, old_assessment)) for table in tables)
    contexts = {name: context for name, context in contexts_by_table if context is not None}
    for table, needed_tables in NEEDED_TABLES.items():
        if any(f"public.{needed_table}" not in contexts for needed_table in needed_tables):
            contexts.pop(f"public.{table}", None)
    return contexts


@cache
def saved_workshop_tables() -> frozenset[str]:
    """Return the names of the workshop's tables that a backup contains, without the schema."""
    return frozenset(name.removeprefix("public.") for name in workshop_tables()) - LEFT_OUT.keys()


def may_contain(context: Context, name: str) -> bool:
    """Return whether a backup may have a table of this name in the context."""
    schema, _, table = name.partition(".")
    if schema != "public":
        return schema in {Context.ASSESSMENT, Context.LEARNING} and schema == context
    match context:
        case Context.WORKSHOP:
            return table in saved_workshop_tables()
        case Context.LEGACY:
            return table in LEGACY_TABLES
        case Context.ASSESSMENT:
            return table in OLD_ASSESSMENT
        case _:
            return context is Context.OPERATORS and table == AUDIT_TRAIL


def _context(table: CatalogTable, old_assessment: set[str]) -> Context | None:
    if table.schema_name == "public":
        return _context_in_public(table, old_assessment)
    is_of_context = table.schema_name in {Context.ASSESSMENT, Context.LEARNING}
    return Context(table.schema_name) if is_of_context and table.kind in KINDS_WITH_ROWS else None


def _context_in_public(table: CatalogTable, old_assessment: set[str]) -> Context | None:
    if table.table_name in LEGACY_TABLES:
        return Context.LEGACY  # whatever its kind: some databases have views of these names
    if table.kind not in KINDS_WITH_ROWS:
        return None
    if table.table_name in saved_workshop_tables() and _is_unified(table):
        return Context.WORKSHOP
    if table.table_name in old_assessment:
        return Context.ASSESSMENT
    return Context.OPERATORS if table.table_name == AUDIT_TRAIL else None


def _is_unified(table: CatalogTable) -> bool:
    identifying_columns = WORKSHOP_COLUMNS.get(table.table_name)
    if identifying_columns is None:
        return not SESSION_COLUMNS.isdisjoint(table.columns)
    if table.table_name == "enrollments" and ENROLLMENTS_PARENT not in table.parents:
        return False
    return identifying_columns <= set(table.columns)


def _has_columns_of_old_assessment(table: CatalogTable) -> bool:
    columns = OLD_ASSESSMENT.get(table.table_name)
    if columns is None or table.kind not in KINDS_WITH_ROWS or not columns <= set(table.columns):
        return False
    return table.table_name != "students" or "student_id" not in table.columns


def _left_out_lines(catalog: Iterable[CatalogTable], contexts: dict[str, Context]) -> list[str]:
    tables = [
        table for table in catalog if table.name not in contexts and table.kind in KINDS_WITH_ROWS
    ]
    schemas = {table.schema_name for table in tables}
    reasons = ((table.name, _reason(table)) for table in tables)
    return [
        *(f"{schema}.*: {reason}" for schema, reason in OWN_SCHEMAS.items() if schema in schemas),
        *(f"{name}: {reason}" for name, reason in reasons if reason is not None),
    ]


def _reason(table: CatalogTable) -> str | None:
    """Return why one of our tables is left out; None if the table is not ours."""
    if "_set_aside_" in table.schema_name:
        return "it was set aside; only `make backup` (pg_dump) saves it"
    if table.schema_name != "public":
        return "it is in another schema" if table.table_name in LEGACY_TABLES else None
    if _is_set_aside(table.table_name):
        return "it was set aside; only `make backup` (pg_dump) saves it"
    return LEFT_OUT.get(table.table_name)


def _is_set_aside(name: str) -> bool:
    match = WORKSHOP_SET_ASIDE.fullmatch(name)
    of_workshop = match is not None and match["table"] in saved_workshop_tables()
    return of_workshop or LEGACY_SET_ASIDE.fullmatch(name) is not None


def _parents_first(tables: list[BackupTable]) -> list[BackupTable]:
    """Sort by context and name, but each table after those that it refers to."""
    order = list(Context)
    unsorted_tables = sorted(tables, key=lambda table: (order.index(table.context), table.name))
    sorted_tables: list[BackupTable] = []
    while unsorted_tables:
        names = {table.name for table in unsorted_tables}
        free = (
            table
            for table in unsorted_tables
            if not (table.parents - {table.name}).intersection(names)
        )
        next_table = next(free, unsorted_tables[0])  # tables that refer to each other: in any order
        unsorted_tables.remove(next_table)
        sorted_tables.append(next_table)
    return sorted_tables
