"""Migration of Postgres: one run at a time, revisions and scripts of `sql/` in one transaction.

Each upgrade to the newest revision runs the scripts after the revisions, even without a new
revision: they may run repeatedly, so a changed function reaches every database with the next
upgrade.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import psycopg
from alembic import context
from alembic.operations import Operations
from alembic.util import CommandError
from psycopg import errors, sql
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError

from lib.database.queries import load_queries, load_script
from lib.database.schema import (
    FINISH,
    SCRIPTS,
    Upgrade,
    reports,
    schema_scripts,
    upgrade_schema,
)
from lib.learning.tables.ddl import metadata_without_schema
from migrations.database import connect, refusal_text
from migrations.environment import (
    is_upgrade,
    newest_revisions,
    prepare_steps,
    reads_models,
    running_command,
)
from migrations.on_sqlite import is_compared
from migrations.printed_sql import RepeatableSql
from migrations.rendering import render_item
from migrations.repeatable import name_learning_tables
from migrations.results import Result
from migrations.run_sql import run_sql

REBUILDS = "`python migrate.py upgrade` rebuilds it"
"""End of a script's report of an invalid index; `rebuild_invalid_indexes` reports the result."""
LOCK = "database/schema/migration_lock.sql"
_CHANGING = ("upgrade", "downgrade", "stamp")
_queries = load_queries("database/migrations.sql")
_locks = load_queries("database/refusals.sql")
_OPTIONS: dict[str, Any] = {
    "target_metadata": metadata_without_schema(),
    "version_table": "schema_version",
    "version_table_schema": "stepwise",
    "render_item": render_item,
    "render_as_batch": True,  # a revision runs on SQLite, too
}


def run_online() -> Result:
    """Migrate in one transaction; a concurrent run waits for its end, at most 10 s."""
    lines = rebuild_invalid_indexes() if is_upgrade() else []
    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=pool.NullPool,
        use_native_hstore=False,
        hide_parameters=True,
    )
    with engine.connect() as connection:
        context.configure(connection=connection, include_object=is_compared, **_OPTIONS)
        driver: Any = connection.connection.driver_connection
        with (
            explained_failure(driver),
            context.begin_transaction(),
            reports(driver) as script_reports,
        ):
            driver.execute(_queries["limit_waiting"].text)
            if running_command() in _CHANGING:
                driver.execute(load_script(LOCK))
                driver.execute(load_script(SCRIPTS[0]))  # the table of versions
            prepare_steps(record_only=is_upgrade() and not _has_tables(driver))
            before = context.get_context().get_current_heads()
            if reads_models():
                name_learning_tables(Operations(context.get_context()))
            context.run_migrations()
            after = context.get_context().get_current_heads()
            upgrade = Upgrade([], [], [])
            if is_upgrade() and set(after) == newest_revisions():
                finish = bool(context.config.attributes.get("finish"))
                upgrade = upgrade_schema(driver, finish=finish)
            remaining_reports = [line for line in script_reports if not line.endswith(REBUILDS)]
            lines = list(dict.fromkeys([*lines, *remaining_reports]))
    if upgrade.refused:
        raise CommandError(upgrade.refusal)
    return Result("the database", before, after, upgrade.steps, lines)


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(
        dialect_name="postgresql",
        output_buffer=cast("TextIO", RepeatableSql(sys.stdout)),
        **_OPTIONS,
    )
    to_newest = is_upgrade() and context.get_revision_argument() in newest_revisions()
    with context.begin_transaction():
        _print_sql(load_script(SCRIPTS[0]))
        prepare_steps(record_only=to_newest)  # the scripts below make the same changes
        context.run_migrations()
        if is_upgrade():
            if context.config.attributes.get("finish"):
                _print_sql(load_script(FINISH))
            for _, script in schema_scripts():
                _print_sql(script)


def rebuild_invalid_indexes() -> list[str]:
    """Rebuild, while others write, the indexes that a failed concurrent build has left invalid.

    Leftovers of failed rebuilds are dropped.

    Returns:
        A line for each index except leftovers: that it was rebuilt, or why it could not be.
    """
    with connect() as connection:
        connection.autocommit = True
        connection.execute(_queries["limit_waiting"].text)
        if not _value(connection, _queries["has_list_of_tables"].text):
            return []
        lines = []
        for schema, name, table_name, is_leftover in _invalid_indexes(connection):
            index = sql.Identifier(schema, name)
            if is_leftover:
                connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(index))
            else:
                lines.append(_rebuild(connection, index, f"{schema}.{name}", table_name))
        return lines


def _rebuild(
    connection: psycopg.Connection, index: sql.Identifier, name: str, table_name: str
) -> str:
    try:
        connection.execute(sql.SQL("REINDEX INDEX CONCURRENTLY {}").format(index))
    except errors.UniqueViolation:
        for schema, leftover, _, is_leftover in _invalid_indexes(connection):
            if is_leftover:
                connection.execute(
                    sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, leftover))
                )
        return (
            f"{name}: this unique index of {table_name} is invalid, because rows repeat its values;"
            " remove the repeated rows, then upgrade again"
        )
    except errors.LockNotAvailable:
        return (
            f"{name}: this index of {table_name} is invalid, and other connections hold the table;"
            " upgrade again when they have ended"
        )
    return f"{name}: this index of {table_name} was invalid and has been rebuilt"


def _invalid_indexes(connection: psycopg.Connection) -> list[tuple[str, str, str, bool]]:
    return connection.execute(_queries["invalid_indexes"].text).fetchall()


def _value(
    connection: psycopg.Connection, query: bytes, params: dict[str, Any] | None = None
) -> Any:
    row = connection.execute(query, params).fetchone()
    return None if row is None else row[0]


def _has_tables(driver: psycopg.Connection) -> bool:
    names = list(metadata_without_schema().tables)
    return bool(_value(driver, _queries["has_tables"].text, {"names": names}))


@contextmanager
def explained_failure(driver: psycopg.Connection) -> Iterator[None]:
    """Turn refusals by Postgres into messages.

    Raises:
        CommandError: If it refuses something; the message says what.
    """
    try:
        yield
    except (psycopg.Error, DBAPIError) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(original, psycopg.Error):
            raise
        text = refusal_text(original)
        if isinstance(original, errors.LockNotAvailable) and not driver.closed:
            driver.rollback()
            holders = driver.execute(_locks["locks_of_others"].text).fetchall()
            text += "".join(
                f"\n  {table_name} is held by process {pid}" for table_name, pid in holders
            )
        raise CommandError(text) from error


def _print_sql(script: str) -> None:
    with Operations.context(context.get_context()):
        run_sql(script)
