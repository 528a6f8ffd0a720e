"""Alembic's environment: one migration at a time, in one transaction.

Each upgrade to the newest revision runs the scripts of `sql/` after the revisions, even without a
new revision: they may run repeatedly, so a changed function reaches every database with the next
upgrade.
"""

import sys
from typing import Any, TextIO, cast

from alembic import command, context
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import MetaData, create_engine, pool

from lib.database.queries import load_script
from lib.database.schema import (
    FINISH,
    SCRIPTS,
    reports,
    schema_scripts,
    upgrade_schema,
)
from migrations.database import connect
from migrations.explained import explained
from migrations.printed_sql import RepeatableSql
from migrations.run_sql import run_sql

LOCK = "database/schema/migration_lock.sql"
# Schema whose tables are SQLAlchemy models; all others are defined by scripts in sql/.
MODELLED_SCHEMA = "learning"
VERSIONS: dict[str, Any] = {"version_table": "schema_version", "version_table_schema": "stepwise"}
target_metadata = MetaData()
attributes = context.config.attributes


def _only_modelled(name: str | None, kind: str, _parents: object) -> bool:
    return name == MODELLED_SCHEMA if kind == "schema" else True


def _command() -> object:
    """Return the command of Alembic that runs, whether migrate.py or `alembic` was called."""
    return attributes.get("command") or getattr(context.config.cmd_opts, "cmd", (None,))[0]


def _newest() -> set[str]:
    return set(ScriptDirectory.from_config(context.config).get_heads())


def run_online() -> None:
    """Migrate in one transaction; a concurrent run waits and then has nothing to do."""
    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            include_schemas=True,
            include_name=_only_modelled,
            **VERSIONS,
        )
        driver: Any = connection.connection.driver_connection
        with context.begin_transaction():
            with reports(driver) as lines:
                if _command() in (command.upgrade, command.downgrade, command.stamp):
                    driver.execute(load_script(LOCK))
                    driver.execute(load_script(SCRIPTS[0]))  # the table of versions
                before = context.get_context().get_current_heads()
                context.run_migrations()
            after = context.get_context().get_current_heads()
            steps, refusal = [], None
            if _command() is command.upgrade and set(after) == _newest():
                upgrade = upgrade_schema(driver, finish=bool(attributes.get("finish")))
                steps = upgrade.steps
                refusal = upgrade.refusal if upgrade.refused else None
                lines = list(dict.fromkeys([*lines, *upgrade.reports]))
    attributes.update(revisions=(before, after), steps=steps, reports=lines)  # migrate.py prints it
    if refusal is not None:
        raise CommandError(refusal)


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(
        dialect_name="postgresql",
        target_metadata=target_metadata,
        output_buffer=cast("TextIO", RepeatableSql(sys.stdout)),
        **VERSIONS,
    )
    with context.begin_transaction():
        _print_sql(load_script(SCRIPTS[0]))
        context.run_migrations()
        if _command() is command.upgrade:
            if attributes.get("finish"):
                _print_sql(load_script(FINISH))
            for _, script in schema_scripts():
                _print_sql(script)


def _print_sql(script: str) -> None:
    with Operations.context(context.get_context()):
        run_sql(script)


try:
    if context.is_offline_mode():
        run_offline()
    else:
        run_online()
except CommandError as error:
    raise CommandError(explained(str(error))) from error
