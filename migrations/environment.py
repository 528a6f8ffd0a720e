"""Parts of a migration that both databases share: choice of database, command, and steps."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from alembic import command, context
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from lib.settings import MIGRATION_NAMES, SQLITE_NAME, Settings
from migrations.repeatable import name_learning_tables

POSTGRES = "postgres"
SQLITE = "sqlite"
FIRST_REVISION = "001"
_READING_MODELS = ("revision", "check")
Steps = Callable[[Any, MigrationContext], Iterable[Any]]


def running_command() -> str | None:
    """Return the name of Alembic's command, whether migrate.py or `alembic` was called."""
    function = (
        context.config.attributes.get("command")
        or getattr(context.config.cmd_opts, "cmd", (None,))[0]
    )
    return getattr(function, "__name__", None)


def chosen_databases(settings: Settings) -> list[str]:
    """Return the databases that a command is for, in order.

    Without a choice, these are all that the environment names. A command that prints SQL or
    compares with the models takes only the first of them: Postgres if it is named. To print SQL, no
    database needs to be named; it is printed for Postgres then.

    Raises:
        CommandError: If the choice is not one of the two, or a database is needed and none is set.
    """
    choice = context.config.attributes.get("database") or context.get_x_argument(
        as_dictionary=True
    ).get("database")
    if choice is not None:
        if choice not in {POSTGRES, SQLITE}:
            raise CommandError(f"There is no database {choice!r}: choose postgres or sqlite.")
        return [str(choice)]
    names = [
        name
        for name, parts in (
            (POSTGRES, (settings.migration_url, settings.migration_problem)),
            (SQLITE, (settings.sqlite_url, settings.sqlite_problem)),
        )
        if any(parts)
    ]
    # If only variables of Supabase's REST interface are set, `connect` says what is missing.
    if not names and not context.is_offline_mode() and not settings.has_supabase_variables:
        raise CommandError(
            f"No database is set. Set one of {', '.join(MIGRATION_NAMES)} for Postgres,"
            f" or {SQLITE_NAME} for SQLite."
        )
    is_for_one = context.is_offline_mode() or running_command() in _READING_MODELS
    return (names or [POSTGRES])[:1] if is_for_one else names or [POSTGRES]


def is_upgrade() -> bool:
    """Return whether the command upgrades."""
    return running_command() == command.upgrade.__name__


def reads_models() -> bool:
    """Return whether the command compares the database with the models."""
    return running_command() in _READING_MODELS


def newest_revisions() -> set[str]:
    """Return the newest revisions of this version of the code."""
    return set(ScriptDirectory.from_config(context.config).get_heads())


def prepare_steps(*, record_only: bool) -> None:
    """Make every revision but the first apply to the tables of `learning`, or only be recorded.

    Call it after `context.configure`.

    Args:
        record_only: Whether to record those revisions without running them: for a database without
            tables, which gets the newest ones anyway.
    """
    migration = context.get_context()
    steps: Steps = migration.opts["fn"]

    def prepare_all(revisions: Any, migration: MigrationContext) -> Iterator[Any]:
        for step in steps(revisions, migration):
            if isinstance(step, RevisionStep) and step.revision.revision != FIRST_REVISION:
                step.migration_fn = _prepared_step(step, migration, record_only=record_only)
            yield step

    migration._migrations_fn = prepare_all  # noqa: SLF001 Alembic has no public way to wrap steps


def _prepared_step(
    step: RevisionStep, migration: MigrationContext, *, record_only: bool
) -> Callable[..., None]:
    run = step.migration_fn

    def run_on_learning(**options: Any) -> None:
        if step.is_upgrade and record_only:
            return
        restore = name_learning_tables(Operations(migration))
        run(**options)
        restore()

    return run_on_learning
