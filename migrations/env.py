"""Alembic's environment, for Postgres and for SQLite.

`alembic -x database=sqlite …` and `python migrate.py … --database sqlite` choose one. Without a
choice, a command runs on each database that the environment names; a command that prints SQL or
compares with the models runs on the first of them only.
"""

from alembic import context
from alembic.util import CommandError

from lib.settings import Settings
from migrations import on_postgres, on_sqlite
from migrations.environment import POSTGRES, chosen_databases
from migrations.explained import explanation_of
from migrations.repeatable import make_operations_repeatable


def _run() -> None:
    settings = Settings.from_env()
    for database in chosen_databases(settings):
        if context.is_offline_mode():
            (on_postgres if database == POSTGRES else on_sqlite).run_offline()
        else:
            result = (
                on_postgres.run_online() if database == POSTGRES else on_sqlite.run_online(settings)
            )
            context.config.attributes.setdefault("results", []).append(result)


make_operations_repeatable()
try:
    _run()
except CommandError as error:
    raise CommandError(explanation_of(str(error))) from error
