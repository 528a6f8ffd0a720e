"""Statements of backups and their restoration."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lib.database.queries import load_queries, load_script
from lib.database.rows import server_cursor
from lib.database.statements import as_jsonb

if TYPE_CHECKING:
    from psycopg import sql

    from lib.database.postgres import Postgres, Transaction

_queries = load_queries("operations/backups.sql")
ROWS_AT_ONCE = 1_000

JSON_TEXT = "json"
"""The column type whose values are text in backups of version 2 and later."""


@dataclass(frozen=True)
class CatalogTable:
    """A table or view that may belong to us."""

    schema_name: str
    table_name: str
    kind: str
    """pg_class.relkind."""
    columns: list[str]
    parents: list[str]
    """Tables that its foreign keys refer to, with their schema."""
    readable: bool
    partly_hidden: bool
    """Whether row-level security may hide rows from this role."""

    @property
    def name(self) -> str:
        """The name with its schema."""
        return f"{self.schema_name}.{self.table_name}"


@dataclass(frozen=True)
class Column:
    """A column of a table in a backup."""

    name: str
    type: str
    typmod: int
    """Length or precision, as PostgreSQL encodes it; -1 for none."""
    required: bool
    """Whether it is NOT NULL."""
    counter: bool
    """Whether its default is the next number of a sequence."""
    key: int
    """Place in the primary key, from 1; 0 outside it."""
    as_text: bool
    """Whether a backup holds its values as text, because JSON might not restore them exactly."""


@dataclass(frozen=True)
class BackupRow:
    """A row of a table in a backup."""

    text: str
    """The row as JSON, without its secrets."""
    secrets: list[str | None]
    """Values of the secret columns as stored, in the order in which the columns were given."""
    token: str | None
    """Identifier of the row: a session token, or a student's id."""


@dataclass(frozen=True)
class BackupRecord:
    """A backup that was written."""

    name: str
    location: str
    rows: dict[str, dict[str, int]]
    """Number of rows of each table, by context."""
    left_out: list[str]
    """Parts that the backup does not contain, and why."""
    bytes: int
    sha256: str


def read_snapshot(transaction: "Transaction") -> None:
    """Let the transaction read every table as of one moment, within time limits."""
    transaction.execute(_queries["read_snapshot"])
    transaction.execute(_queries["set_limits"])


def list_tables(transaction: "Transaction") -> list[CatalogTable]:
    """Return the tables and views that may belong to us, by name."""
    return transaction.fetch_all(_queries["list_tables"], None, CatalogTable)


def describe_table(transaction: "Transaction", table: str) -> list[Column]:
    """Return the columns of a table."""
    return transaction.fetch_all(_queries["describe_table"], _parts(table), Column)


def count_rows(transaction: "Transaction", table: str) -> int:
    """Count the rows of a table."""
    statement = _template("count_rows").format(table=_identifier(table))
    row = transaction.connection.execute(statement).fetchone()
    return int(row[0]) if row else 0


def read_rows(
    transaction: "Transaction",
    table: str,
    columns: Sequence[Column],
    *,
    secrets: Sequence[str],
    token: str | None,
) -> Iterator[BackupRow]:
    """Yield the rows of a table.

    Args:
        transaction: Transaction that reads a snapshot.
        table: A table from the catalog.
        columns: All its columns.
        secrets: Those of them that hold secrets.
        token: The column that identifies a row, None if the table has none.
    """
    from psycopg import sql

    values = [
        sql.SQL("t.{0}::text AS {0}" if column.as_text else "t.{0}").format(
            sql.Identifier(column.name)
        )
        for column in columns
        if column.name not in secrets
    ]
    statement = _template("select_rows").format(
        columns=sql.SQL(", ").join(values),
        secrets=sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier("t", name)) for name in secrets
        ),
        token=sql.NULL if token is None else sql.Identifier("t", token),
        table=_identifier(table),
    )
    with server_cursor(transaction.connection, "backup") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(statement)
        for text, row_secrets, row_token in cursor:
            yield BackupRow(text=text, secrets=row_secrets, token=row_token)


def record_backup(postgres: "Postgres", backup: BackupRecord) -> None:
    """Record a backup that was written."""
    params = {
        "name": backup.name,
        "location": backup.location,
        "rows": as_jsonb(backup.rows),
        "bytes": backup.bytes,
        "sha256": backup.sha256,
    }
    postgres.execute(_queries["record_backup"], params)


def begin_restore(transaction: "Transaction") -> None:
    """Create the functions of a restore, and the temporary table that receives the rows."""
    transaction.execute_script(load_script("operations/schema/restore.sql"))
    transaction.execute(_queries["create_lines"])


def create_table(transaction: "Transaction", table: str, columns: list[dict[str, Any]]) -> None:
    """Create a table with the columns and the primary key that a backup describes."""
    params = {**_parts(table), "columns": as_jsonb(columns)}
    transaction.execute(_queries["create_table"], params)


def prepare_table(
    transaction: "Transaction", table: str, columns: list[dict[str, Any]]
) -> list[str] | None:
    """Lock a table and add the columns that only the backup has.

    Returns:
        The names of the added columns; None if the table has rows.
    """
    params = {**_parts(table), "columns": as_jsonb(columns)}
    names: list[str] | None = transaction.fetch_value(_queries["prepare_table"], params)
    return names


def insert_rows(
    transaction: "Transaction",
    table: str,
    columns: list[str],
    rows: Iterable[str],
    *,
    text_columns: list[str],
) -> int:
    """Store rows, given as JSON, in their table; return their number.

    Args:
        transaction: The transaction of the restore.
        table: Table of the rows.
        columns: Names of all columns that the table has in the backup.
        rows: Lines of the backup, one for each row.
        text_columns: Names of the columns whose values are given as text.
    """
    with transaction.connection.cursor().copy(_queries["copy_lines"].text) as copy:
        for row in rows:
            copy.write_row((row,))
    params = {**_parts(table), "columns": columns, "texts": text_columns}
    return int(transaction.fetch_value(_queries["insert_lines"], params))


def advance_sequences(transaction: "Transaction", table: str) -> None:
    """Let the sequences of a table's columns continue after the restored rows."""
    transaction.execute(_queries["advance_sequences"], _parts(table))


def remove_again(transaction: "Transaction") -> int:
    """Remove the people whom an operator had removed since the backup; return their number."""
    return int(transaction.fetch_value(_queries["remove_again"]))


def has_removals_of_tests(transaction: "Transaction") -> bool:
    """Return whether this database has an assessment that records removals."""
    return bool(transaction.fetch_value(_queries["has_removals_of_tests"]))


def remove_tests_again(transaction: "Transaction") -> int:
    """Remove from the assessment the students whom an operator had removed since the backup.

    Returns:
        Their number.
    """
    return int(transaction.fetch_value(_queries["remove_tests_again"]))


def has_removals_of_planner_users(transaction: "Transaction") -> bool:
    """Return whether this database has a study planner that records removals."""
    return bool(transaction.fetch_value(_queries["has_removals_of_planner_users"]))


def remove_planner_users_again(transaction: "Transaction") -> int:
    """Remove from the study planner the users whom an operator had removed since the backup.

    Returns:
        Their number.
    """
    return int(transaction.fetch_value(_queries["remove_planner_users_again"]))


def _parts(table: str) -> dict[str, str]:
    """Return the parameters `schema` and `table` of a name."""
    schema, _, own_name = table.partition(".")
    return {"schema": schema, "table": own_name}


def _identifier(table: str) -> "sql.Identifier":
    from psycopg import sql

    return sql.Identifier(*table.split(".", 1))


def _template(name: str) -> "sql.SQL":
    from psycopg import sql

    return sql.SQL(_queries[name].text.decode())
