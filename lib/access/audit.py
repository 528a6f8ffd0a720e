"""The operators' audit trail: append-only, each row sealing the one before it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any

from lib.deps import Deps
from lib.errors import AppError, SchemaMissing


class Outcome(StrEnum):
    """What an operator's call came to; the meanings stand in `sql/access/schema/operators.sql`."""

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

    from lib.database.queries import load_queries

    params = {"action": action, "outcome": outcome.value, "facts": Jsonb(dict(facts))}
    try:
        deps.postgres.execute(load_queries("access/operators.sql")["record_audit"], params)
    except SchemaMissing:
        create_access_schema(deps)
        deps.postgres.execute(load_queries("access/operators.sql")["record_audit"], params)


@contextmanager
def audited(deps: Deps, action: str) -> Iterator[dict[str, Any]]:
    """Audit the block's outcome; the block fills the yielded dict with facts.

    An error of ours with a 4xx status is a rejection, every other a failure.
    """
    facts: dict[str, Any] = {}
    try:
        yield facts
    except Exception as error:
        ours = error if isinstance(error, AppError) else None
        rejected = ours is not None and 400 <= ours.status < 500  # noqa: PLR2004 HTTP's own ranges
        facts["error"] = ours.code if ours is not None else type(error).__name__
        with suppress(AppError):  # a database that is away must not hide what went wrong
            audit(deps, action, Outcome.REJECTED if rejected else Outcome.FAILED, facts)
        raise
    audit(deps, action, Outcome.DONE, facts)


def create_access_schema(deps: Deps) -> None:
    """Make the tables of `sql/access/`, which the first operator's call anywhere needs."""
    from lib.database.queries import load_script

    with deps.postgres.transaction() as transaction:
        transaction.execute_script(load_script("access/schema/operators.sql"))
