"""Migration of the SQLite file on a student's own machine, in one transaction."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from lib.errors import AppError, SchemaMissing
from lib.learning.engines import create_sqlite_engine
from lib.learning.tables.ddl import metadata_without_schema
from lib.settings import SQLITE_NAME, Settings
from migrations.environment import is_upgrade, newest_revisions, prepare_steps
from migrations.printed_sql import RepeatableSql
from migrations.rendering import render_item
from migrations.results import Result
from migrations.sqlite_tables import has_tables

_OPTIONS: dict[str, Any] = {
    "target_metadata": metadata_without_schema(),
    "version_table": "schema_version",
    "version_table_schema": "main",  # otherwise, Alembic would keep the schema of Postgres
    "render_item": render_item,
    "render_as_batch": True,
    "transactional_ddl": True,  # the engine begins transactions itself
}


def run_online(settings: Settings) -> Result:
    """Migrate the file; another process that uses it waits.

    Foreign keys are not enforced meanwhile: SQLite changes most things by replacing the table, and
    dropping the old one would delete the rows that refer to it. They are checked before the commit.
    """
    if settings.sqlite_problem is not None:
        raise CommandError(f"{settings.sqlite_problem}.")
    if settings.sqlite_url is None:
        raise CommandError(f"No SQLite file is set. Set {SQLITE_NAME}.")
    engine = create_sqlite_engine(settings.sqlite_url, foreign_keys=False)
    path = settings.sqlite_url.removeprefix("sqlite:///")
    try:
        with explained_failure(path), engine.connect() as connection:
            reports: list[str] = []
            context.configure(
                connection=connection, reports=reports, include_object=is_compared, **_OPTIONS
            )
            with context.begin_transaction(), intact_references(connection):
                prepare_steps(record_only=is_upgrade() and not has_tables(connection))
                before = context.get_context().get_current_heads()
                context.run_migrations()
                after = context.get_context().get_current_heads()
    finally:
        engine.dispose()
    return Result(f"the SQLite file {path}", before, after, reports=reports)


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(
        dialect_name="sqlite",
        output_buffer=cast("TextIO", RepeatableSql(sys.stdout)),
        **_OPTIONS,
    )
    with context.begin_transaction():
        to_newest = is_upgrade() and context.get_revision_argument() in newest_revisions()
        prepare_steps(record_only=to_newest)
        context.run_migrations()


def is_compared(
    _item: object, name: str | None, kind: str, _reflected: object, _other: object
) -> bool:
    """Return whether Alembic compares an item; it ignores tables that no model describes."""
    return kind != "table" or name in metadata_without_schema().tables


@contextmanager
def intact_references(connection: Connection) -> Iterator[None]:
    """Refuse the block's changes if rows refer to rows that it removed.

    Raises:
        CommandError: If they do; it names the tables.
    """
    before = _broken_references(connection)
    yield
    broken = _broken_references(connection) - before
    if broken:
        tables = ", ".join(f"{table} (rows: {count})" for table, count in sorted(broken.items()))
        raise CommandError(
            f"The revision was undone: rows of {tables} would refer to rows that do not exist."
        )


def _broken_references(connection: Connection) -> Counter[str]:
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check")
    return Counter(str(row[0]) for row in rows)


@contextmanager
def explained_failure(path: str) -> Iterator[None]:
    """Turn refusals by SQLite into messages.

    Raises:
        CommandError: If it refuses something; the message says what.
    """
    try:
        yield
    except AppError as error:
        # SchemaMissing tells people to upgrade, which is what failed.
        reason = error.__cause__ if isinstance(error, SchemaMissing) else error
        raise CommandError(f"{path} was not changed: {reason}") from error
    except DBAPIError as error:
        raise CommandError(
            f"{path} refused the change and was not changed: {error.orig}"
        ) from error
