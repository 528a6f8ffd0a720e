"""Import of a roster: students are enrolled before they begin."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

from lib.deps import Deps
from lib.framework import Depends, Query
from lib.workshop.course import COURSE
from lib.workshop.fields import OptionalCourseId
from lib.workshop.roster import store
from lib.workshop.roster.roster_file import Roster, read_csv, read_list
from lib.workshop.roster.wire import MAX_LISTED, ImportedOut, RosterIn

MAX_LISTED_COLUMNS = 50
"""Maximum number of ignored columns that a response names."""
MAX_COLUMN_LENGTH = 100
"""Characters to which the name of an ignored column is cut."""


@dataclass(frozen=True)
class QueryFields:
    """Fields of `RosterIn` that may be query parameters, since a CSV body has no place for them.

    Declaring them adds them to the API's description; `lib/web/strict_route.py` puts them into the
    body.
    """

    course_id: Annotated[
        OptionalCourseId,
        Query(alias="courseId", description="As in the body, which takes precedence."),
    ] = None
    by_github: Annotated[
        bool, Query(alias="byGithub", description="As in the body, which takes precedence.")
    ] = False
    dry_run: Annotated[
        bool, Query(alias="dryRun", description="As in the body, which takes precedence.")
    ] = False


RosterQuery = Annotated[QueryFields, Depends()]


def import_roster(request: RosterIn, deps: Deps, facts: dict[str, Any]) -> ImportedOut:
    """Enroll the people of a roster in a course; importing it again changes nothing.

    Args:
        request: The roster.
        deps: Provides Postgres.
        facts: Dictionary to which the counts for the audit trail are added.

    Raises:
        UnreadableRoster: If the file is not CSV, is empty, is too long, or has no column for
            e-mails, identifiers or GitHub names.
        CourseNotFound: If the course does not exist.
    """
    roster = _read(request)
    with (
        deps.postgres.transaction() as transaction,
        transaction.connection.transaction(force_rollback=request.dry_run),
    ):
        lines = store.import_roster(transaction, request.course_id, roster.people)
    outcomes = Counter(line.outcome for line in lines)
    facts.update(dry_run=request.dry_run, **outcomes)
    return ImportedOut(
        message="Nothing was stored: this was a dry run" if request.dry_run else "Roster imported",
        course_id=request.course_id or COURSE.course_id,
        dry_run=request.dry_run,
        created=outcomes["created"],
        enrolled=outcomes["enrolled"],
        updated=outcomes["updated"],
        unchanged=outcomes["unchanged"],
        repeated=roster.repeated,
        rejected_count=len(roster.rejected),
        rejected=roster.rejected[:MAX_LISTED],
        other_names=[line.line for line in lines if line.other_name][:MAX_LISTED],
        ignored_columns=[name[:MAX_COLUMN_LENGTH] for name in roster.ignored_columns][
            :MAX_LISTED_COLUMNS
        ],
    )


def _read(request: RosterIn) -> Roster:
    if request.csv is not None:
        return read_csv(request.csv, by_github=request.by_github)
    return read_list(request.students or (), by_github=request.by_github)
