"""Restoration of a backup into empty tables: all of it, or nothing.

A JSON null that is the whole value of a JSON column is restored as SQL NULL if the column may be
null; both mean that there is no value.
"""

import hashlib
import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from lib.database.advisory_lock import lock_and_limit
from lib.database.expected_tables import expected_tables
from lib.deps import Deps
from lib.legacy.errors import NotSafeYet, UnifiedSchemaNotFound
from lib.legacy.runs.run import LEGACY_TABLES
from lib.legacy.runs.store import make_schema, unified_schema_exists
from lib.operations.backups import rows as backup_rows
from lib.operations.backups import storage as backup_storage
from lib.operations.backups import store
from lib.operations.backups.file_format import (
    CALL_SECONDS,
    FORMAT,
    GZIP,
    READABLE_VERSIONS,
    VERSION_WITHOUT_SCHEMAS,
)
from lib.operations.backups.tables import Context, context_of_each, may_contain
from lib.operations.errors import BackupUnreadable, TakesTooLong
from lib.vault import Vault

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

ROWS_AT_ONCE = 2_000
LINE_LIMIT = 64 * 1024 * 1024  # bytes; our rows are shorter
AUDIT_TRAIL_STAYS = (
    "{name}: rows not restored: {rows}; this database keeps its own audit trail, which only new "
    "calls extend. The trail of the backed-up database is in the backup file."
)
CREATED = (
    "{name}: created with its columns and primary key; other constraints and indexes are not in a "
    "backup"
)
UNTRANSLATABLE = (
    "a row of {name} has characters that the encoding of this database lacks; restore it into a "
    "database with the encoding UTF8"
)
ADDED = "{name}: added {columns}, which only the backup had"


@dataclass(frozen=True)
class RestoreResult:
    """The result of a restore."""

    rows: dict[str, dict[str, int]]
    """Number of restored rows of each table, by context."""
    removed_again: int
    """Number of people whom an operator had removed after the backup and who were removed again.
    The contexts share people, so this is the largest of their numbers, not the sum."""
    notes: list[str]
    """Differences from the database that was backed up, for a person."""


def restore(
    name: str, deps: Deps, *, unified_only: bool = False, call_seconds: float = CALL_SECONDS
) -> RestoreResult:
    """Restore a backup.

    Args:
        name: The backup's name, from back_up().
        deps: Database, storage and settings.
        unified_only: Restore the workshop's unified tables only, and leave all others as they are;
            for a backup from before the unified tables were created again.
        call_seconds: Time limit.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing, or a deployment's BACKUP_BUCKET.
        BackupNotFound: If there is no such backup.
        BackupPlaceUnavailable: If the bucket cannot be read.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock`.
        UnifiedSchemaNotFound: If a table that admin-create-unified-schema creates is missing.
        NotSafeYet: If a table has rows, or another table or view has its name.
        BackupUnreadable: If the file is damaged, or its keys were sealed with another key.
        TakesTooLong: If it is not finished within `call_seconds`.
    """
    vault = Vault.from_settings(deps.settings)
    lines = _Lines(backup_storage.read(deps.settings, name), time.monotonic() + call_seconds)
    with deps.postgres.transaction() as transaction:
        lock_and_limit(transaction)
        unified = unified_schema_exists(transaction)
        if unified:
            make_schema(transaction)
        store.begin_restore(transaction)
        target = _Target(transaction, vault, unified=unified)
        contexts = {Context.WORKSHOP} if unified_only else {*Context} - {Context.OPERATORS}
        _restore_tables(target, lines, contexts)
        removed_again = store.remove_again(transaction) if unified else 0
        if Context.ASSESSMENT in contexts and store.has_removals_of_tests(transaction):
            removed_again = max(removed_again, store.remove_tests_again(transaction))
        if Context.LEARNING in contexts and store.has_removals_of_planner_users(transaction):
            removed_again = max(removed_again, store.remove_planner_users_again(transaction))
        return RestoreResult(target.rows, removed_again, target.notes)


@dataclass(frozen=True)
class _Header:
    """The line before the rows of a table."""

    name: str
    """Name of the table, with its schema."""
    name_in_file: str
    context: Context
    row_count: int
    columns: list[dict[str, Any]]
    text_columns: list[str]
    """Columns whose values a backup holds as text; in version 2 those of the type json, and none in
    version 1."""

    @property
    def is_old_assessment(self) -> bool:
        """Whether it is a table of an assessment before its first upgrade."""
        return self.context is Context.ASSESSMENT and self.name.startswith("public.")


def _restore_tables(target: "_Target", lines: "_Lines", contexts: set[Context]) -> None:
    """Restore the tables of these contexts, and read all others."""
    first = lines.header()
    version = first.get("version")
    if first.get("format") != FORMAT or version not in READABLE_VERSIONS:
        raise BackupUnreadable(reason="it is not a backup of this application")
    names: set[str] = set()
    while "sha256" not in (line := lines.header()):
        header = _header(line, with_schemas=version != VERSION_WITHOUT_SCHEMAS)
        if header is None or header.name in names:
            raise BackupUnreadable(reason="it names an unknown table, or a table twice")
        names.add(header.name)
        if header.context in contexts:
            target.restore(header, lines)
        else:
            target.pass_over(header, lines)
    if line["sha256"] != lines.sha256_before_last:
        raise BackupUnreadable(reason="it was changed or damaged")


def _header(line: dict[str, Any], *, with_schemas: bool) -> _Header | None:
    """Return the header of a table; None if a backup cannot contain this table."""
    try:
        name_in_file, row_count, columns = line["table"], int(line["rows"]), list(line["columns"])
        if with_schemas:
            name, context = str(name_in_file), Context(line["context"])
        else:
            name = f"public.{name_in_file}"
            context = Context.LEGACY if name_in_file in LEGACY_TABLES else Context.WORKSHOP
    except (KeyError, TypeError, ValueError):
        return None
    if not may_contain(context, name):
        return None
    text_columns = [
        column["name"]
        for column in columns
        if column.get("as_text", column["type"] == store.JSON_TEXT)
    ]
    return _Header(
        name, name_in_file, context, row_count, columns, text_columns if with_schemas else []
    )


@dataclass
class _Target:
    """The database that receives the rows."""

    transaction: "Transaction"
    vault: Vault
    unified: bool
    """Whether the unified schema exists."""
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read which tables exist, and which of them are ours."""
        catalog = store.list_tables(self.transaction)
        self._names = {table.name for table in catalog}
        self._contexts = context_of_each(catalog)

    def pass_over(self, header: _Header, lines: "_Lines") -> None:
        """Read the rows of a table that is not restored."""
        for _ in range(header.row_count):
            lines.row()
        if header.context is Context.OPERATORS:
            self.notes.append(AUDIT_TRAIL_STAYS.format(name=header.name, rows=header.row_count))

    def restore(self, header: _Header, lines: "_Lines") -> None:
        """Store the rows of a table.

        Raises:
            UnifiedSchemaNotFound: If it needs tables that admin-create-unified-schema creates.
            NotSafeYet: If it has rows, or something else has its name.
            BackupUnreadable: If a row is damaged.
        """
        import psycopg

        if not self.unified and header.context in {Context.WORKSHOP, Context.LEGACY}:
            raise UnifiedSchemaNotFound
        # An empty table of an old assessment serves no purpose.
        if header.row_count or not header.is_old_assessment:
            self._prepare_table(header)
            try:
                count = self._insert(header, lines)
            except (psycopg.errors.UntranslatableCharacter, UnicodeEncodeError) as error:
                raise BackupUnreadable(reason=UNTRANSLATABLE.format(name=header.name)) from error
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                constraint = error.diag.constraint_name
                fault = f"violates {constraint}" if constraint else "is damaged"
                raise BackupUnreadable(reason=f"a row of {header.name} {fault}") from error
            self.rows.setdefault(header.context, {})[header.name] = count

    def _prepare_table(self, header: _Header) -> None:
        """Create the table if none of our scripts does; otherwise add the columns that it lacks."""
        name = header.name
        if name not in self._names:
            if name in expected_tables() and not header.is_old_assessment:
                raise UnifiedSchemaNotFound
            store.create_table(self.transaction, name, header.columns)
            if header.context is not Context.LEGACY:
                self.notes.append(CREATED.format(name=name))
            return
        if self._contexts.get(name) is not header.context:
            raise NotSafeYet(reason=f"another table or view is called {name}; rename it first")
        added_columns = store.prepare_table(self.transaction, name, header.columns)
        if added_columns is None:
            advice = f"restore into empty tables{_unified_only_advice(header)}"
            raise NotSafeYet(reason=f"{name} has rows; {advice}")
        if added_columns:
            self.notes.append(ADDED.format(name=name, columns=", ".join(added_columns)))

    def _insert(self, header: _Header, lines: "_Lines") -> int:
        names = [column["name"] for column in header.columns]
        rows = (
            backup_rows.read(lines.row(), header.name_in_file, self.vault)
            for _ in range(header.row_count)
        )
        count = 0
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            count += store.insert_rows(
                self.transaction, header.name, names, batch, text_columns=header.text_columns
            )
        store.advance_sequences(self.transaction, header.name)
        return count


def _unified_only_advice(header: _Header) -> str:
    return "" if header.context is Context.WORKSHOP else ', or with "unifiedOnly": true'


class _Lines:
    """The lines of a backup, read one after the other."""

    def __init__(self, chunks: Iterator[bytes], deadline: float) -> None:
        self._lines = _split(_decompressed(chunks))
        self._deadline = deadline
        self._digest = hashlib.sha256()
        self.sha256_before_last = ""

    def row(self) -> bytes:
        """Return the next line.

        Raises:
            BackupUnreadable: If there is none.
            TakesTooLong: If the deadline has passed.
        """
        if time.monotonic() > self._deadline:
            raise TakesTooLong
        self.sha256_before_last = self._digest.hexdigest()
        try:
            line = next(self._lines)
        except (StopIteration, zlib.error) as error:
            raise BackupUnreadable(reason="it is cut off or damaged") from error
        self._digest.update(line)
        return line

    def header(self) -> dict[str, Any]:
        """Return the object of the next line, which is not a row."""
        try:
            value = json.loads(self.row())
        except ValueError as error:
            raise BackupUnreadable(reason="it is damaged") from error
        if not isinstance(value, dict):
            raise BackupUnreadable(reason="it is damaged")
        return value


def _split(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines with their line breaks."""
    remainder = b""
    for block in blocks:
        *lines, remainder = (remainder + block).split(b"\n")
        if len(remainder) > LINE_LIMIT:
            raise BackupUnreadable(reason="it is damaged")
        for line in lines:
            yield line + b"\n"


def _decompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=GZIP)
    for chunk in chunks:
        compressed = chunk
        while compressed:
            yield decompressor.decompress(compressed, 1024 * 1024)
            compressed = decompressor.unconsumed_tail
