"""The statement of the health check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.database.queries import load_queries

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("operations/health.sql")


@dataclass(frozen=True)
class SchemaFacts:
    """Facts about the schema of a database."""

    revision: str | None
    """Alembic's revision; None if none is recorded or can be read."""
    script_runs: list[str]
    """Fingerprints of the versions of the scripts that have run, the newest at the end."""
    script_runs_hidden: bool
    """Whether this role may not read these fingerprints."""
    absent_tables: list[str]
    students_is_view: bool
    """Whether public.students is a view that serves an older version of the assessment."""
    schemas_off_path: list[str]
    """Existing schemas that are not on the search_path of new connections."""


def inspect_schema(
    postgres: "Postgres", tables: Sequence[str], schemas: Sequence[str]
) -> SchemaFacts:
    """Compare the database with the tables that calls need; one round trip.

    Args:
        postgres: The database.
        tables: Names with their schema.
        schemas: Schemas that should be on the search_path, for queries typed by people.
    """
    params = {"tables": list(tables), "schemas": list(schemas)}
    facts = postgres.fetch_one(_queries["inspect_schema"], params, SchemaFacts, read=True)
    assert facts is not None  # noqa: S101 a SELECT without FROM gives a row
    return facts
