"""Alembic's environment: one migration at a time, in one transaction.

Each upgrade runs the scripts of `sql/` after the revisions, even without a new revision: they may
run repeatedly, so a changed function reaches every database with the next upgrade.
"""

from alembic import command, context
from alembic.operations import Operations
from sqlalchemy import MetaData, create_engine, pool

from lib.database.schema import schema_scripts
from migrations.database import connect
from migrations.run_sql import run_sql

LOCK_SECONDS = 10
# Schema whose tables are SQLAlchemy models; all others are defined by scripts in sql/.
MODELLED_SCHEMA = "learning"
target_metadata = MetaData()


def _only_modelled(name: str | None, kind: str, _parents: object) -> bool:
    return name == MODELLED_SCHEMA if kind == "schema" else True


def _upgrading() -> bool:
    """Return whether migrate.py or the `alembic` command upgrades to the newest revision."""
    alembic_command = getattr(context.config.cmd_opts, "cmd", (None,))[0]
    upgrading = context.config.attributes.get("upgrading", alembic_command is command.upgrade)
    return bool(upgrading) and context.get_revision_argument() == context.get_head_revision()


def _run_scripts() -> None:
    with Operations.context(context.get_context()):
        for _, script in schema_scripts():
            run_sql(script)


def run_online() -> None:
    """Migrate in one transaction; a concurrent run waits and then has nothing to do."""
    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            include_schemas=True,
            include_name=_only_modelled,
        )
        with context.begin_transaction():
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            connection.exec_driver_sql(
                "SELECT pg_advisory_xact_lock(hashtextextended('stepwise.migrations', 0))"
            )
            before = context.get_context().get_current_heads()
            context.run_migrations()
            if _upgrading():
                _run_scripts()
            after = context.get_context().get_current_heads()
    result = {"revisions": (before, after), "ran_scripts": _upgrading()}  # migrate.py prints it
    context.config.attributes.update(result)


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(dialect_name="postgresql", target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()
        if _upgrading():
            _run_scripts()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
