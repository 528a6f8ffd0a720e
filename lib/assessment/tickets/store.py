"""The query that checks the criteria of a ticket against its pool."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("assessment/tickets.sql")


@dataclass(frozen=True)
class FittedCriteria:
    """Result of checking end criteria against the limits of a pool."""

    refused: str | None
    """Name of the criterion that the pool refuses; None if it allows them all."""
    expected: str | None
    """Limit that the pool allows instead."""


def fit_criteria(
    postgres: "Postgres", pool_id: UUID, criteria: dict[str, Any]
) -> FittedCriteria | None:
    """Check criteria against the limits of a pool; return None if the pool does not exist."""
    params = {"pool_id": pool_id, "end_criteria": as_jsonb(criteria)}
    return postgres.fetch_one(_queries["fit_criteria"], params, FittedCriteria, read=True)
