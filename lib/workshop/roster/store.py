"""Statements of rosters."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb
from lib.workshop.roster.roster_file import Person

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("workshop/roster.sql")


@dataclass(frozen=True)
class ImportedLine:
    """Outcome for a line: created, enrolled, updated or unchanged."""

    line: int
    outcome: str
    other_name: bool
    """Whether the student already has another name, which is kept."""


def import_roster(
    transaction: "Transaction", course_id: str | None, people: Iterable[Person]
) -> list[ImportedLine]:
    """Enroll people in a course (None: the built-in one); return the outcome for each line."""
    lines = [
        {"line": each.line, "email": each.email, "name": each.name, "github": each.github}
        for each in people
    ]
    params = {"course_id": course_id, "lines": as_jsonb(lines)}
    return transaction.fetch_all(_queries["import_roster"], params, ImportedLine)
