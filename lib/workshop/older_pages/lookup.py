"""Query parameters with which the older pages look up students."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints

from lib.access.guard import HoldsPassword, require_password
from lib.deps import Deps, get_deps
from lib.errors import FieldMissing, raises
from lib.framework import Depends, Query, Request
from lib.web.cursor import Cursor


@dataclass(frozen=True)
class StudentLookup:
    """A look-up of one student or of all."""

    student: str | None
    """An e-mail or a student id; None for all students."""
    holds_password: bool
    """Whether the caller sent a valid password, and so may see more than the share view."""
    limit: int
    """Maximum number of students, if all are looked up."""
    cursor: str | None


@raises(FieldMissing)
async def student_lookup(
    request: Request,
    deps: Annotated[Deps, Depends(get_deps)],
    holds_password: HoldsPassword,
    student: Annotated[
        Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00]+$")] | None,
        Query(alias="studentId", description="The student's e-mail or id."),
    ] = None,
    all_students: Annotated[
        bool, Query(alias="getAllStudents", description="Return all students; needs a password.")
    ] = False,
    limit: Annotated[int, Query(ge=1, le=2000, description="Maximum number of students.")] = 2000,
    cursor: Annotated[Cursor, Query()] = None,
) -> StudentLookup:
    """Return the look-up that the query describes; looking up all students needs a password.

    Raises:
        Unauthenticated: If a caller without a valid password asks for all students.
        FieldMissing: If no student is given.
    """
    if all_students:
        await require_password(request, deps)
        return StudentLookup(None, holds_password=True, limit=limit, cursor=cursor)
    if student is None:
        raise FieldMissing(
            fields=("studentId", "getAllStudents"),
            reason="Send studentId, or getAllStudents=true with a password.",
        )
    return StudentLookup(student, holds_password=holds_password, limit=limit, cursor=cursor)


StudentLookupParams = Annotated[StudentLookup, Depends(student_lookup)]
