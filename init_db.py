"""Create the schema at once, without Alembic's history: `python init_db.py`.

It creates the tables in each database that the environment names: Postgres, the SQLite file of a
student's own machine, or both. It is meant for new databases in development; use
`python migrate.py upgrade` for databases in use. Both make the same tables, and may run repeatedly,
so a later upgrade works.
"""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.exc import DBAPIError

from lib.database.schema import upgrade_schema
from lib.errors import AppError
from lib.learning.engines import create_sqlite_engine
from lib.settings import Settings
from migrations.database import connect, explained_errors
from migrations.sqlite_tables import create_tables


def main() -> None:
    """Create the tables in one transaction on each database.

    Raises:
        SystemExit: If a database refuses or its address cannot be used; the message says why.
    """
    settings = Settings.from_env()
    if settings.sqlite_problem is not None:
        raise SystemExit(f"{settings.sqlite_problem}.")
    if settings.sqlite_url is None or settings.migration_url or settings.migration_problem:
        _create_in_postgres()
    if settings.sqlite_url is not None:
        _create_in_sqlite(settings.sqlite_url)


def _create_in_postgres() -> None:
    with explained_errors(), connect() as connection:
        upgrade = upgrade_schema(connection)
    for step in upgrade.steps:
        print(f"applied sql/{step.name}")  # noqa: T201 for the person at the terminal
    for line in upgrade.reports:
        print(f"- {line}")  # noqa: T201 same


def _create_in_sqlite(url: str) -> None:
    path = url.removeprefix("sqlite:///")
    engine = create_sqlite_engine(url)
    try:
        with engine.begin() as connection:
            reports = create_tables(Operations(MigrationContext.configure(connection)))
    except (AppError, DBAPIError) as error:
        raise SystemExit(f"{path} was not changed: {error}") from None
    finally:
        engine.dispose()
    print(f"created the tables of the learning context in {path}")  # noqa: T201 same
    for line in reports:
        print(f"- {line}")  # noqa: T201 same


if __name__ == "__main__":
    main()
