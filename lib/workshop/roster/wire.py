"""Bodies of admin-import-roster."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from lib.web.wire import CamelBody, CamelSuccessOut, StrictOperatorIn
from lib.workshop.fields import OptionalCourseId

MAX_PEOPLE = 20_000
"""Maximum number of lines of a roster."""
MAX_LISTED = 500
"""Maximum length of the lists of lines in a response."""


class RosterIn(StrictOperatorIn):
    """A roster, as the text of a CSV file or as a list. A `text/csv` body is taken as `csv`."""

    csv: str | None = None
    """The file: columns for e-mail and name, optionally the GitHub name, in any order; commas,
    semicolons or tabs. Also the classroom_roster.csv of GitHub Classroom."""
    students: Annotated[list[dict[str, Any]] | None, Field(max_length=MAX_PEOPLE)] = None
    """The roster as a list of objects with `studentEmail`, `studentName` and `githubUsername`."""
    course_id: OptionalCourseId = None
    """Id of the course; by default the built-in course."""
    by_github: bool = False
    """Whether to enroll people without an e-mail by GitHub name; they are rejected otherwise."""
    dry_run: bool = False
    """Whether to undo everything at the end; the figures are those of the real call."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.csv is None) == (self.students is None):
            raise ValueError("Send either csv or students")
        return self


class RejectedLine(CamelBody):
    """A line that was not imported."""

    line: int
    """Number of the line in the file, from 1, or of the object in the list."""
    field: Literal["studentEmail", "studentName", "githubUsername"]
    """Field that is at fault."""
    problem: str
    """Reason why it was not imported."""


class ImportedOut(CamelSuccessOut):
    """Number of lines by outcome; each counts once."""

    message: str
    course_id: str
    """Id of the course."""
    dry_run: bool
    """Whether everything was undone."""
    created: int
    """New students."""
    enrolled: int
    """Existing students, who are now in this course, too."""
    updated: int
    """Students of this course who got a name that they lacked."""
    unchanged: int
    """Students of this course to whom nothing was added."""
    repeated: int
    """Lines about a person whom an earlier line names."""
    rejected_count: int
    """Lines that were not imported."""
    rejected: list[RejectedLine]
    """The first of the rejected lines."""
    other_names: list[int]
    """The first lines whose student already has another name, which stays."""
    ignored_columns: list[str]
    """Columns of the file, or members of the objects, that are not part of a roster."""
