"""Which students an older page asks for."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import StringConstraints

from lib.access.guard import MaybeOperator, require_operator
from lib.deps import Deps, get_deps
from lib.errors import BadRequest


@dataclass(frozen=True)
class StudentsAsked:
    """Which students the older pages ask for; None means all of them."""

    student: str | None
    by_operator: bool


async def students_asked(
    request: Request,
    deps: Annotated[Deps, Depends(get_deps)],
    operator: MaybeOperator,
    student: Annotated[
        Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00]+$")] | None,
        Query(alias="studentId", description="An e-mail, or the student's id."),
    ] = None,
    everybody: Annotated[bool, Query(alias="getAllStudents")] = False,
) -> StudentsAsked:
    """One student, or all of them, which only an operator may ask.

    Raises:
        Unauthenticated: If somebody else asks for all.
        BadRequest: If nobody is asked for.
    """
    if everybody:
        await require_operator(request, deps)
        return StudentsAsked(None, by_operator=True)
    if student is None:
        raise BadRequest(reason="Send studentId, or getAllStudents=true as an operator.")
    return StudentsAsked(student, by_operator=operator)


AskedStudents = Annotated[StudentsAsked, Depends(students_asked)]
