"""The operators' audit trail: append-only, each row sealing the one before it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from lib.deps import Deps
from lib.errors import SchemaMissing


class Outcome(StrEnum):
    """What an operator's call came to; the meanings stand in `sql/access/schema.sql`."""

    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"


def audit(deps: Deps, action: str, outcome: Outcome, facts: Mapping[str, Any]) -> None:
    """Append a row in a transaction of its own.

    Args:
        deps: Where Postgres is.
        action: Path of the endpoint.
        outcome: What the call came to.
        facts: Counts and names of tables; never personal data, JSON only.
    """
    from psycopg.types.json import Jsonb

    from lib.queries import load_queries

    params = {"action": action, "outcome": outcome.value, "facts": Jsonb(dict(facts))}
    try:
        deps.postgres.execute(load_queries("access/queries.sql")["record_audit"], params)
    except SchemaMissing:
        create_access_schema(deps)
        deps.postgres.execute(load_queries("access/queries.sql")["record_audit"], params)


def create_access_schema(deps: Deps) -> None:
    """Make the tables of `sql/access/`, which the first operator's call anywhere needs."""
    from lib.queries import load_script

    with deps.postgres.transaction() as transaction:
        transaction.execute_script(load_script("access/schema.sql"))
