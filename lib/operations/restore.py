"""Restores a backup into empty tables: all of it, or nothing.

A JSON null that fills a whole JSON column comes back as SQL's null; both mean that there is no
value.
"""

import hashlib
import json
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from lib.database.advisory_lock import lock_tables
from lib.deps import Deps
from lib.errors import Unreadable
from lib.legacy.errors import NotSafeYet, UnifiedSchemaNotFound
from lib.legacy.runs.run import LEGACY_TABLES
from lib.legacy.runs.store import make_schema, unified_schema_exists
from lib.operations import backup_storage, store
from lib.operations.backup_format import (
    ALL_TABLES,
    CALL_SECONDS,
    FORMAT,
    GZIP,
    SEALED_NAME,
    UNIFIED_TABLES,
    VERSION,
    key_binding,
    token_column,
)
from lib.operations.errors import BackupUnreadable, TakesTooLong
from lib.vault import API_KEY_FIELD, Vault

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

ROWS_AT_ONCE = 2_000
LINE_LIMIT = 64 * 1024 * 1024  # bytes; no row of ours is longer
_SEALED_MEMBER = re.compile(rf'"{SEALED_NAME}": "(?P<sealed>v1\.[\w.-]+)"}}\s*$')


@dataclass(frozen=True)
class RestoreResult:
    """The result of a restore."""

    rows: dict[str, int]
    """Number of rows that were restored, by table."""
    removed_again: int
    """People in the backup whom an operator had removed since; they were removed again."""


def restore(
    name: str, deps: Deps, *, unified_only: bool = False, call_seconds: float = CALL_SECONDS
) -> RestoreResult:
    """Restore a backup.

    Args:
        name: The backup's name, from back_up().
        deps: Database, storage and settings.
        unified_only: Leave the legacy tables as they are; for a backup from before the unified
            tables were created anew.
        call_seconds: Time limit.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing, or a deployment's BACKUP_BUCKET.
        NotFound: If there is no such backup.
        AlreadyRunning: If a migration, clean-up or rotation is running.
        UnifiedSchemaNotFound: If there are no unified tables.
        NotSafeYet: If a table has rows.
        BackupUnreadable: If the file is damaged, or its keys were sealed with another key.
        TakesTooLong: If it is not finished within `call_seconds`.
    """
    vault = Vault.from_settings(deps.settings)
    lines = _Lines(backup_storage.read(deps.settings, name), time.monotonic() + call_seconds)
    with deps.postgres.transaction() as transaction:
        lock_tables(transaction)
        if not unified_schema_exists(transaction):
            raise UnifiedSchemaNotFound
        make_schema(transaction)
        store.create_lines(transaction)
        tables = UNIFIED_TABLES if unified_only else ALL_TABLES
        rows = _restore_tables(transaction, lines, vault, tables)
        store.advance_sequences(transaction)
        return RestoreResult(rows, store.remove_again(transaction))


def _restore_tables(
    transaction: "Transaction", lines: "_Lines", vault: Vault, tables: tuple[str, ...]
) -> dict[str, int]:
    """Restore the tables of the backup that are in `tables`; return the number of rows of each."""
    format_line = lines.header()
    if (format_line.get("format"), format_line.get("version")) != (FORMAT, VERSION):
        raise BackupUnreadable(reason="it is not a backup of this application")
    tables_read: set[str] = set()
    rows: dict[str, int] = {}
    while "sha256" not in (header := lines.header()):
        table = header.get("table")
        if table not in ALL_TABLES or table in tables_read:
            raise BackupUnreadable(reason="it names an unknown table, or a table twice")
        tables_read.add(table)
        if table in tables:
            rows[table] = _restore_table(transaction, lines, header, vault)
        else:
            for _ in range(header["rows"]):
                lines.row()
    if header["sha256"] != lines.sha256_before_last:
        raise BackupUnreadable(reason="it was changed or damaged")
    return rows


def _restore_table(
    transaction: "Transaction", lines: "_Lines", header: dict[str, Any], vault: Vault
) -> int:
    import psycopg

    table, columns = header["table"], header["columns"]
    if not store.prepare_table(transaction, table, columns):
        hint = ', or with "unifiedOnly": true' if table in LEGACY_TABLES else ""
        raise NotSafeYet(reason=f"{table} is missing or has rows; restore into empty tables{hint}")
    names = [column["name"] for column in columns]
    rows = (_with_plain_key(lines.row(), table, vault) for _ in range(header["rows"]))
    count = 0
    try:
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            count += store.insert_rows(transaction, table, names, batch)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise BackupUnreadable(reason=f"a row of {table} is damaged") from error
    return count


def _with_plain_key(line: bytes, table: str, vault: Vault) -> str:
    """Return the row as JSON; decrypt its API key if the backup encrypted it."""
    text = line.decode()
    member = _SEALED_MEMBER.search(text)
    if member is None:
        return text
    token = json.loads(text).get(token_column(table)) or ""
    try:
        key = vault.open(member["sealed"], token, key_binding(table))
    except Unreadable as error:
        raise BackupUnreadable(
            reason="its API keys were encrypted with another ENCRYPTION_KEY"
        ) from error
    return f"{text[: member.start()]}{json.dumps({API_KEY_FIELD: key})[1:]}"


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
