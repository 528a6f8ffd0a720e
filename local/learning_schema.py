"""`python -m local.learning_schema`: write the schema of the learning context from its models."""

from pathlib import Path

from lib.learning.tables import ddl

SQL = Path(__file__).resolve().parents[1] / "sql"


def main() -> None:
    """Write the scripts for Postgres and for SQLite."""
    for name, script in scripts().items():
        (SQL / name).write_text(script, encoding="utf-8")


def scripts() -> dict[str, str]:
    """Return the scripts by the name of their file below `sql/`."""
    return {ddl.POSTGRES_FILE: ddl.postgres_script(), ddl.SQLITE_FILE: ddl.sqlite_script()}


if __name__ == "__main__":
    main()
