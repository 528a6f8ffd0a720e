"""Create the schema at once, without Alembic's history: `python init_db.py`.

It is meant for new databases in development; use `python migrate.py upgrade` for databases in
use. Both run the same scripts, which may run repeatedly, so a later upgrade works.
"""

from lib.database.schema import schema_scripts
from migrations.database import connect


def main() -> None:
    """Run every schema script in one transaction on the database that the environment names."""
    with connect() as connection:
        for name, script in schema_scripts():
            connection.execute(script.encode())
            print(f"applied sql/{name}")  # noqa: T201 for the person at the terminal


if __name__ == "__main__":
    main()
