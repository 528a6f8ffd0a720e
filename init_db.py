"""Create the schema at once, without Alembic's history: `python init_db.py`.

It is meant for new databases in development; use `python migrate.py upgrade` for databases in
use. Both run the same scripts, which may run repeatedly, so a later upgrade works.
"""

from lib.database.schema import upgrade_schema
from migrations.database import connect, explained_errors


def main() -> None:
    """Run every schema script in one transaction on the database that the environment names.

    Raises:
        SystemExit: If the database refuses a script; the message says why.
    """
    with explained_errors(), connect() as connection:
        upgrade = upgrade_schema(connection)
    for step in upgrade.steps:
        print(f"applied sql/{step.name}")  # noqa: T201 for the person at the terminal
    for line in upgrade.reports:
        print(f"- {line}")  # noqa: T201 same


if __name__ == "__main__":
    main()
