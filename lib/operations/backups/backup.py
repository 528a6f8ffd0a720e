"""A backup for people without a shell: all contexts, in the format of file_format.py."""

import hashlib
import secrets
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from lib.deps import Deps
from lib.legacy.runs.store import make_schema
from lib.operations.backups import rows as backup_rows
from lib.operations.backups import storage as backup_storage
from lib.operations.backups import store
from lib.operations.backups.file_format import (
    CALL_SECONDS,
    FORMAT,
    GZIP,
    VERSION,
    is_secret,
    json_line,
    token_column,
)
from lib.operations.backups.store import BackupRecord
from lib.operations.backups.tables import BackupTable, select
from lib.operations.errors import TablesNotReadable, TakesTooLong
from lib.text.redaction import SECRET_NAME
from lib.vault import Vault

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

CHUNK_BYTES = 256 * 1024


def back_up(deps: Deps, call_seconds: float = CALL_SECONDS) -> BackupRecord:
    """Write a backup of the database as of one moment; its size does not affect memory.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing, or a deployment's BACKUP_BUCKET.
        NothingToBackUp: If the database has none of our tables.
        TablesNotReadable: If the role cannot read all rows of one of our tables.
        BackupPlaceUnavailable: If the bucket cannot be written to.
        TakesTooLong: If it is not finished within `call_seconds`.
    """
    vault = Vault.from_settings(deps.settings)
    deadline = time.monotonic() + call_seconds
    name = f"stepwise-{deps.clock():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.jsonl.gz"
    with deps.postgres.transaction() as transaction:
        make_schema(transaction)
    with deps.postgres.transaction() as transaction:
        store.read_snapshot(transaction)
        selection = select(store.list_tables(transaction))
        stream = _BackupStream(transaction, selection.tables, vault, deadline)
        location = backup_storage.write(deps.settings, name, stream.chunks())
    backup = BackupRecord(
        name=name,
        location=location,
        rows=stream.rows,
        left_out=selection.left_out,
        bytes=stream.bytes,
        sha256=stream.sha256,
    )
    store.record_backup(deps.postgres, backup)
    return backup


class _BackupStream:
    """The bytes of a backup; its counts and checksum are complete once all bytes have been read."""

    def __init__(
        self,
        transaction: "Transaction",
        tables: list[BackupTable],
        vault: Vault,
        deadline: float,
    ) -> None:
        self._transaction = transaction
        self._tables = tables
        self._vault = vault
        self._deadline = deadline
        self.rows: dict[str, dict[str, int]] = {}
        self.bytes = 0
        self.sha256 = ""

    def chunks(self) -> Iterator[bytes]:
        """Yield the compressed backup.

        Raises:
            TakesTooLong: If the deadline passes.
        """
        compressor = zlib.compressobj(level=3, wbits=GZIP)
        buffer = bytearray()
        for line in self._lines():
            buffer += compressor.compress(line)
            if len(buffer) >= CHUNK_BYTES:
                self.bytes += len(buffer)
                yield bytes(buffer)
                buffer.clear()
        buffer += compressor.flush()
        self.bytes += len(buffer)
        yield bytes(buffer)

    def _lines(self) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for line in self._content():
            if time.monotonic() > self._deadline:
                raise TakesTooLong
            digest.update(line)
            yield line
        self.sha256 = digest.hexdigest()
        yield json_line({"sha256": self.sha256})

    def _content(self) -> Iterator[bytes]:
        import psycopg

        yield json_line({"format": FORMAT, "version": VERSION})
        for table in self._tables:
            try:
                yield from self._table(table)
            except psycopg.errors.InsufficientPrivilege as error:  # on a table behind a view
                raise TablesNotReadable(tables=table.name) from error

    def _table(self, table: BackupTable) -> Iterator[bytes]:
        columns = store.describe_table(self._transaction, table.name)
        names = [column.name for column in columns]
        token = token_column(table.name)
        secret_columns = [column.name for column in columns if is_secret(column.name, column.type)]
        # is_secret() leaves out columns such as a JSONB `password`, so their values are searched.
        search_columns = any(
            SECRET_NAME.search(name) for name in {*names}.difference(secret_columns)
        )
        rows = store.count_rows(self._transaction, table.name)
        self.rows.setdefault(table.context, {})[table.name] = rows
        yield json_line(
            {
                "table": table.name,
                "context": table.context,
                "rows": rows,
                "columns": [asdict(column) for column in columns],
            }
        )
        for row in store.read_rows(
            self._transaction,
            table.name,
            columns,
            secrets=secret_columns,
            token=token if token in names else None,
        ):
            pairs = zip(secret_columns, row.secrets, strict=True)
            secrets_of_row = {column: secret for column, secret in pairs if secret is not None}
            yield backup_rows.write(
                table.name,
                row.text,
                secrets_of_row,
                row.token,
                self._vault,
                search_columns=search_columns,
            )
