"""A backup comes back into empty tables: all of it, or nothing."""

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
from lib.database.statements import as_jsonb
from lib.deps import Deps
from lib.errors import Unreadable
from lib.legacy.errors import NotSafeYet, UnifiedSchemaNotFound
from lib.legacy.migration import LEGACY_TABLES
from lib.legacy.run import make_schema, unified_schema_exists
from lib.operations import backup_storage
from lib.operations.backup import (
    CALL_SECONDS,
    FORMAT,
    GZIP,
    SEALED_NAME,
    UNIFIED_TABLES,
    VERSION,
    TakesTooLong,
    backup_field,
    queries,
    token_column,
)
from lib.operations.errors import BackupUnreadable
from lib.vault import API_KEY_FIELD, Vault

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

ROWS_AT_ONCE = 2_000
_SEALED_MEMBER = re.compile(rf'"{SEALED_NAME}": "(?P<sealed>v1\.[\w.-]+)"}}\s*$')
LINE_LIMIT = 64 * 1024 * 1024  # bytes; a longer one is no row of ours


@dataclass(frozen=True)
class Restored:
    """What came back."""

    rows: dict[str, int]
    """Of each table, as the backup has them."""
    removed_again: int
    """People in it whom an operator had removed since; they are not back."""


def restore(name: str, deps: Deps, *, unified_only: bool = False) -> Restored:
    """Bring a backup back.

    Args:
        name: As back_up() told it.
        deps: Where everything is.
        unified_only: Leave the older tables as they are, for a backup from before the unified
            tables were made anew.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing, or a deployment's BACKUP_BUCKET.
        NotFound: If there is no such backup.
        AlreadyRunning: If a migration, clean-up or rotation runs.
        UnifiedSchemaNotFound: If there are no unified tables.
        NotSafeYet: If a table has rows.
        BackupUnreadable: If the file is damaged, or its keys were sealed with another key.
        TakesTooLong: If the time of a call does not suffice.
    """
    vault = Vault.from_settings(deps.settings)
    lines = _Lines(backup_storage.read(deps.settings, name), time.monotonic() + CALL_SECONDS)
    with deps.postgres.transaction() as transaction:
        lock_tables(transaction)
        if not unified_schema_exists(transaction):
            raise UnifiedSchemaNotFound
        make_schema(transaction)
        transaction.execute(queries["make_lines"])
        wanted = UNIFIED_TABLES if unified_only else (*UNIFIED_TABLES, *LEGACY_TABLES)
        rows = _restore_tables(transaction, lines, vault, wanted)
        transaction.execute(queries["end_restore"])
        return Restored(rows, transaction.fetch_value(queries["remove_again"]))


def _restore_tables(
    transaction: "Transaction", lines: "_Lines", vault: Vault, wanted: tuple[str, ...]
) -> dict[str, int]:
    first = lines.header()
    if (first.get("format"), first.get("version")) != (FORMAT, VERSION):
        raise BackupUnreadable(reason="this is no backup of ours")
    seen: set[str] = set()
    rows: dict[str, int] = {}
    while "sha256" not in (header := lines.header()):
        table = header.get("table")
        if table not in (*UNIFIED_TABLES, *LEGACY_TABLES) or table in seen:
            raise BackupUnreadable(reason="it names a table that is none of ours")
        seen.add(table)
        if table in wanted:
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
    room = {"table": table, "columns": as_jsonb(columns)}
    if not transaction.fetch_value(queries["make_room"], room):
        other = ', or with "unifiedOnly": true' if table in LEGACY_TABLES else ""
        raise NotSafeYet(reason=f"{table} is missing or has rows; restore into empty tables{other}")
    taking = {"table": table, "columns": [column["name"] for column in columns]}
    waiting = (_opened(lines.row(), table, vault) for _ in range(header["rows"]))
    taken = 0
    try:
        while batch := list(islice(waiting, ROWS_AT_ONCE)):
            with transaction.connection.cursor().copy(queries["copy_lines"].text) as copy:
                for row in batch:
                    copy.write_row((row,))
            taken += transaction.fetch_value(queries["take_lines"], taking)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise BackupUnreadable(reason=f"a row of {table} is damaged") from error
    return taken


def _opened(line: bytes, table: str, vault: Vault) -> str:
    """The row as JSON text, a key that the backup encrypted in the clear again."""
    text = line.decode()
    found = _SEALED_MEMBER.search(text)
    if found is None:
        return text
    token = json.loads(text).get(token_column(table)) or ""
    try:
        key = vault.open(found["sealed"], token, backup_field(table))
    except Unreadable as error:
        raise BackupUnreadable(
            reason="its API keys were encrypted with another ENCRYPTION_KEY"
        ) from error
    return f"{text[: found.start()]}{json.dumps({API_KEY_FIELD: key})[1:]}"


class _Lines:
    """The lines of a backup, one after the other."""

    def __init__(self, chunks: Iterator[bytes], deadline: float) -> None:
        self._lines = _split(_decompressed(chunks))
        self._deadline = deadline
        self._digest = hashlib.sha256()
        self.sha256_before_last = ""

    def row(self) -> bytes:
        """The next line.

        Raises:
            BackupUnreadable: If there is none.
            TakesTooLong: If the time is over.
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
        """The next line's object, one that is no row."""
        try:
            value = json.loads(self.row())
        except ValueError as error:
            raise BackupUnreadable(reason="it is damaged") from error
        if not isinstance(value, dict):
            raise BackupUnreadable(reason="it is damaged")
        return value


def _split(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines with their line breaks."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        if len(rest) > LINE_LIMIT:
            raise BackupUnreadable(reason="it is damaged")
        for line in whole:
            yield line + b"\n"


def _decompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=GZIP)
    for chunk in chunks:
        rest = chunk
        while rest:
            yield unpacker.decompress(rest, 1024 * 1024)
            rest = unpacker.unconsumed_tail
