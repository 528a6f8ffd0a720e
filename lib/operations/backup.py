"""A backup for people without a shell: the workshop's tables as compressed JSON lines.

One line says what the file is; then, for each table, one line with its columns and number of
rows, and the rows; the last line holds the SHA-256 of all before it. API keys that stand in the
clear (in legacy tables) are encrypted on the way out, under the name `openai_api_key:sealed`.
JSON's null as a whole column comes back as SQL's: both say nothing.
"""

import hashlib
import json
import secrets
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lib.database.queries import load_queries
from lib.database.rows import fetch_dicts, server_cursor
from lib.database.statements import as_jsonb
from lib.deps import Deps
from lib.errors import AppError
from lib.legacy.migration import LEGACY_TABLES
from lib.legacy.run import make_schema
from lib.operations import backup_storage
from lib.vault import API_KEY_FIELD, Vault, is_sealed

if TYPE_CHECKING:
    from psycopg import sql

    from lib.database.postgres import Transaction

FORMAT = "stepwise-backup"
VERSION = 1
UNIFIED_TABLES = ("students", "sessions", "step_progress", "events")
SEALED_NAME = f"{API_KEY_FIELD}:sealed"
CALL_SECONDS = 24.0
ROWS_AT_ONCE = 1_000
CHUNK_BYTES = 256 * 1024
GZIP = 31  # zlib's window bits for the gzip format
queries = load_queries("operations/backup.sql")


class TakesTooLong(AppError):
    """The database is too large for one call: use `make backup` (pg_dump) instead."""

    status = 503
    code = "takes_too_long"


@dataclass
class Backup:
    """What was written."""

    name: str
    location: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    sha256: str = ""


def back_up(deps: Deps, call_seconds: float | None = None) -> Backup:
    """Write a backup of one moment; memory stays bounded, whatever the size.

    Args:
        deps: Where everything is.
        call_seconds: For work that goes on afterwards; CALL_SECONDS where it is not given.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing, or a deployment's BACKUP_BUCKET.
        TakesTooLong: If the time of a call does not suffice.
    """
    vault = Vault.from_settings(deps.settings)
    deadline = time.monotonic() + (CALL_SECONDS if call_seconds is None else call_seconds)
    backup = Backup(f"stepwise-{deps.clock():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.jsonl.gz")
    with deps.postgres.transaction() as transaction:
        make_schema(transaction)
    with deps.postgres.transaction() as transaction:
        transaction.execute(queries["read_snapshot"])
        transaction.execute(queries["set_limits"])
        lines = _lines(transaction, vault, backup, deadline)
        backup.location = backup_storage.write(
            deps.settings, backup.name, _compressed(lines, backup)
        )
    deps.postgres.execute(
        queries["record_backup"],
        {
            "name": backup.name,
            "location": backup.location,
            "rows": as_jsonb(backup.rows),
            "bytes": backup.bytes,
            "sha256": backup.sha256,
        },
    )
    return backup


def _lines(
    transaction: "Transaction", vault: Vault, backup: Backup, deadline: float
) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for line in _content(transaction, vault, backup):
        if time.monotonic() > deadline:
            raise TakesTooLong
        digest.update(line)
        yield line
    backup.sha256 = digest.hexdigest()
    yield _line({"sha256": backup.sha256})


def _content(transaction: "Transaction", vault: Vault, backup: Backup) -> Iterator[bytes]:
    yield _line({"format": FORMAT, "version": VERSION})
    for table in (*UNIFIED_TABLES, *LEGACY_TABLES):
        columns = fetch_dicts(transaction, queries["describe_table"], {"table": table})
        if columns:
            yield from _table(transaction, table, columns, vault, backup)


def _table(
    transaction: "Transaction",
    table: str,
    columns: list[dict[str, Any]],
    vault: Vault,
    backup: Backup,
) -> Iterator[bytes]:
    names = [column["name"] for column in columns]
    backup.rows[table] = _count(transaction, table)
    yield _line({"table": table, "rows": backup.rows[table], "columns": columns})
    with server_cursor(transaction.connection, "backup") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(_select(table, names))
        for text, key, token in cursor:
            yield _with_key(text, key, token or "", table, vault)


def _select(table: str, names: list[str]) -> "sql.Composed":
    """Rows as JSON without their API key, the key and the token beside it."""
    from psycopg import sql

    token = token_column(table)
    return _named("select_rows").format(
        field=sql.Literal(API_KEY_FIELD),
        key=sql.Identifier(API_KEY_FIELD) if API_KEY_FIELD in names else sql.NULL,
        token=sql.Identifier(token) if token in names else sql.NULL,
        table=sql.Identifier(table),
    )


def _count(transaction: "Transaction", table: str) -> int:
    from psycopg import sql

    counting = _named("count_rows").format(table=sql.Identifier(table))
    row = transaction.connection.execute(counting).fetchone()
    return int(row[0]) if row else 0


def _named(query: str) -> "sql.SQL":
    from psycopg import sql

    return sql.SQL(queries[query].text.decode())


def _with_key(text: str, key: str | None, token: str, table: str, vault: Vault) -> bytes:
    """The row's line; a key in the clear leaves the database encrypted."""
    if key is None:
        return f"{text}\n".encode()
    if is_sealed(key) or not key.strip():
        member = {API_KEY_FIELD: key}
    else:
        member = {SEALED_NAME: vault.seal(key, token, backup_field(table))}
    comma = "" if text == "{}" else ", "
    return f"{text[:-1]}{comma}{json.dumps(member)[1:]}\n".encode()


def backup_field(table: str) -> str:
    """What a key is bound to in a backup, beside its token."""
    return f"backup.{table}.{API_KEY_FIELD}"


def token_column(table: str) -> str:
    """Where a table has its session tokens."""
    return "session_id" if table == "workshop_sessions" else "session_token"


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _compressed(lines: Iterator[bytes], backup: Backup) -> Iterator[bytes]:
    packer = zlib.compressobj(level=3, wbits=GZIP)
    waiting = bytearray()
    for line in lines:
        waiting += packer.compress(line)
        if len(waiting) >= CHUNK_BYTES:
            backup.bytes += len(waiting)
            yield bytes(waiting)
            waiting.clear()
    waiting += packer.flush()
    backup.bytes += len(waiting)
    yield bytes(waiting)
