"""Query parameters with which the older pages look up students."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints

from lib.access.guard import MaybeOperator, require_operator
from lib.deps import Deps, get_deps
from lib.errors import FieldMissing, raises
from lib.framework import Depends, Query, Request
from lib.web.cursor import Cursor


@dataclass(frozen=True)
class StudentLookup:
    """A look-up of one student or of all."""

    student: str | None
    """An e-mail or a student id; None for all students."""
    by_operator: bool
    limit: int
    """Maximum number of students, if all are looked up."""
    cursor: str | None


@raises(FieldMissing)
async def student_lookup(
    request: Request,
    deps: Annotated[Deps, Depends(get_deps)],
    operator: MaybeOperator,
    student: Annotated[
        Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00]+$")] | None,
        Query(alias="studentId", description="The student's e-mail or id."),
    ] = None,
    all_students: Annotated[
        bool, Query(alias="getAllStudents", description="Return all students; for operators only.")
    ] = False,
    limit: Annotated[int, Query(ge=1, le=2000, description="Maximum number of students.")] = 2000,
    cursor: Annotated[Cursor, Query()] = None,
) -> StudentLookup:
    """Return the look-up that the query describes; only operators may look up all students.

    Raises:
        Unauthenticated: If a caller who is not an operator asks for all students.
        FieldMissing: If no student is given.
    """
    if all_students:
        await require_operator(request, deps)
        return StudentLookup(None, by_operator=True, limit=limit, cursor=cursor)
    if student is None:
        raise FieldMissing(
            fields=("studentId", "getAllStudents"),
            reason="Send studentId, or getAllStudents=true as an operator.",
        )
    return StudentLookup(student, by_operator=operator, limit=limit, cursor=cursor)


StudentLookupParams = Annotated[StudentLookup, Depends(student_lookup)]
