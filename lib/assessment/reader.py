"""Who may read what a student has shown: operators, and whoever holds one of the student's tests.

A session's id is a credential and goes in the header `X-Session-Id`; the query parameter
`session_id` does the same for pages that cannot set headers. Another student's id and an unknown
one are answered alike.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path, Query

from lib.access import LocalOrOperator
from lib.assessment.students import owns_session
from lib.deps import Deps, get_deps
from lib.errors import NotFound, Unauthenticated


def readable_student(
    student_id: Annotated[str, Path(min_length=1, max_length=200)],
    is_operator: LocalOrOperator,
    deps: Annotated[Deps, Depends(get_deps)],
    x_session_id: Annotated[UUID | None, Header()] = None,
    session_id: Annotated[UUID | None, Query()] = None,
) -> str:
    """The student's id, if the caller may read about the student.

    Raises:
        NotFound: If the session shown is not one of the student's.
        Unauthenticated: If no credential is shown.
    """
    shown = x_session_id or session_id
    if is_operator:
        return student_id
    if shown is None:
        raise Unauthenticated
    if not owns_session(student_id, shown, deps):
        raise NotFound(what="Student")
    return student_id


ReadableStudent = Annotated[str, Depends(readable_student)]
