"""The statements about the whole installation: health, schema, encryption keys, backups."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.database.queries import load_queries, load_script
from lib.database.rows import server_cursor
from lib.database.statements import as_jsonb
from lib.vault import ACCOUNT_FIELD, API_KEY_FIELD, AUTH_TOKEN_FIELD

if TYPE_CHECKING:
    from psycopg import sql

    from lib.database.postgres import Postgres, Transaction

_queries = load_queries("operations/operations.sql")
ROWS_AT_ONCE = 1_000
JSON_TEXT = "json"
"""The type whose values backups of every version hold as text."""


@dataclass(frozen=True)
class Name:
    """A name in the database."""

    name: str


@dataclass(frozen=True)
class SchemaFacts:
    """Facts about the schema of a database."""

    revision: str | None
    """Alembic's revision; None if none is recorded or can be read."""
    script_runs: list[str]
    """Fingerprints of the scripts that have made the schema, the last at the end."""
    script_runs_hidden: bool
    """Whether this role may not read them."""
    absent_tables: list[str]
    students_is_view: bool
    """Whether public.students is a view that serves an older version of the assessment."""
    schemas_off_path: list[str]
    """Existing schemas that are not on the search_path of new connections."""


@dataclass(frozen=True)
class Table:
    """A table of the workshop."""

    table_name: str
    row_count: int


@dataclass(frozen=True)
class RenamedTable:
    """A table that was set aside."""

    table_name: str
    new_name: str


@dataclass(frozen=True)
class KeyPlace:
    """A column of sealed texts."""

    field: str
    """The column's name, which each text is bound to."""
    bound_to_row: bool
    """Whether each text is bound to its row, too."""
    first_row: str
    """A row id before all others."""
    next_query: str
    store_query: str
    restore_times_query: str
    count_query: str


@dataclass(frozen=True)
class KeptValues:
    """What the migration from the legacy tables kept of a session, by table."""

    session_token: str
    kept: Any


API_KEYS = KeyPlace(
    field=API_KEY_FIELD,
    bound_to_row=True,
    first_row="",
    next_query="next_keys",
    store_query="store_keys",
    restore_times_query="restore_times_of_keys",
    count_query="count_keys",
)
ACCOUNTS = KeyPlace(
    field=ACCOUNT_FIELD,
    bound_to_row=False,
    first_row=str(UUID(int=0)),
    next_query="next_accounts",
    store_query="store_accounts",
    restore_times_query="restore_times_of_accounts",
    count_query="count_accounts",
)
AUTH_TOKENS = KeyPlace(
    field=AUTH_TOKEN_FIELD,
    bound_to_row=True,
    first_row="",
    next_query="next_auth_tokens",
    store_query="store_auth_tokens",
    restore_times_query="restore_times_of_keys",
    count_query="count_auth_tokens",
)


@dataclass(frozen=True)
class StoredKey:
    """A text of such a column, as stored."""

    row_id: str
    key: str


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
    """Whether a backup holds values as text, since their JSON may not be read back."""


@dataclass(frozen=True)
class BackupRow:
    """A row of a table in a backup."""

    text: str
    """The row as JSON, without its secrets."""
    secrets: list[str | None]
    """As stored, in the order in which their columns were named."""
    token: str | None
    """Identifier of the row: a session token, or a student's id."""


@dataclass(frozen=True)
class BackupRecord:
    """A backup that was written."""

    name: str
    location: str
    rows: dict[str, dict[str, int]]
    """Rows of each table, by context."""
    left_out: list[str]
    """Parts that the backup does not contain, and why."""
    bytes: int
    sha256: str


def inspect_schema(
    postgres: "Postgres", tables: Sequence[str], schemas: Sequence[str]
) -> SchemaFacts:
    """Compare the database with the tables that calls need; one round trip.

    Args:
        postgres: The database.
        tables: Names with their schema.
        schemas: Schemas that people's queries should find tables in.
    """
    params = {"tables": list(tables), "schemas": list(schemas)}
    facts = postgres.fetch_one(_queries["inspect_schema"], params, SchemaFacts, read=True)
    assert facts is not None  # noqa: S101 a SELECT without FROM gives a row
    return facts


def try_lock_schema(transaction: "Transaction") -> bool:
    """Take the lock of schema changes until the transaction ends; return whether it was free."""
    return bool(transaction.fetch_value(_queries["try_lock_schema"]))


def list_workshop_tables(transaction: "Transaction") -> list[Table]:
    """Return the tables of the workshop that exist."""
    transaction.execute_script(load_script("operations/schema/set_aside.sql"))
    return transaction.fetch_all(_queries["existing_tables"], None, Table)


def list_context_tables(transaction: "Transaction") -> set[str]:
    """Return the names, with their schema, of the tables of all contexts but the workshop."""
    rows = transaction.fetch_all(_queries["context_tables"], None, Name)
    return {row.name for row in rows}


def set_tables_aside(transaction: "Transaction", stamp: str) -> list[RenamedTable]:
    """Rename the tables of the workshop to <name>_old_<stamp>."""
    transaction.execute_script(load_script("operations/schema/set_aside.sql"))
    return transaction.fetch_all(_queries["set_aside"], {"stamp": stamp}, RenamedTable)


def next_keys(
    transaction: "Transaction", place: KeyPlace, prefix: str, after: str, limit: int
) -> list[StoredKey]:
    """Lock and return keys without the prefix of the current encryption key, in order of row.

    Args:
        transaction: Holds the locks.
        place: The column.
        prefix: Prefix of keys that are sealed with the current encryption key.
        after: The row after which to continue.
        limit: Maximum number of keys.
    """
    params = {"prefix": prefix, "after": after, "limit": limit}
    return transaction.fetch_all(_queries[place.next_query], params, StoredKey)


def store_keys(transaction: "Transaction", place: KeyPlace, sealed: dict[str, str]) -> None:
    """Store keys by row, and leave the times of their rows as they are."""
    rows = list(sealed)
    keys = list(sealed.values())
    transaction.execute(_queries[place.store_query], {"rows": rows, "keys": keys})
    transaction.execute(_queries[place.restore_times_query], {"rows": rows})


def count_keys(postgres: "Postgres", place: KeyPlace, prefix: str) -> int:
    """Count the keys without the prefix of the current encryption key."""
    query = _queries[place.count_query]
    return int(postgres.fetch_value(query, {"prefix": prefix}, read=True))


def next_kept(transaction: "Transaction", pattern: str, after: str, limit: int) -> list[KeptValues]:
    """Lock and return kept values that match a pattern, in order of session."""
    params = {"pattern": pattern, "after": after, "limit": limit}
    return transaction.fetch_all(_queries["next_kept"], params, KeptValues)


def store_kept(transaction: "Transaction", values: KeptValues) -> None:
    """Store kept values, and leave the time of their session as it is."""
    params = {"session_token": values.session_token, "kept": as_jsonb(values.kept)}
    transaction.execute(_queries["store_kept"], params)
    transaction.execute(_queries["restore_times_of_keys"], {"rows": [values.session_token]})


def count_kept(postgres: "Postgres", pattern: str) -> int:
    """Count the texts in kept values that match a pattern."""
    return int(postgres.fetch_value(_queries["count_kept"], {"pattern": pattern}, read=True))


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
        transaction: Reads a snapshot.
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
    """Create the functions and the temporary table that receive the rows of a backup."""
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
    added: list[str] | None = transaction.fetch_value(_queries["prepare_table"], params)
    return added


def insert_rows(
    transaction: "Transaction",
    table: str,
    columns: list[str],
    rows: Iterable[str],
    *,
    texts: list[str],
) -> int:
    """Store rows, given as JSON, in their table; return their number.

    Args:
        transaction: Has begun a restore.
        table: Where they belong.
        columns: All columns of the backup.
        rows: Their lines.
        texts: Those of the columns whose values are given as text.
    """
    with transaction.connection.cursor().copy(_queries["copy_lines"].text) as copy:
        for row in rows:
            copy.write_row((row,))
    params = {**_parts(table), "columns": columns, "texts": texts}
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
    """Remove the students from the assessment, too, whom an operator had removed since."""
    return int(transaction.fetch_value(_queries["remove_tests_again"]))


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
