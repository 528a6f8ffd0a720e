"""Who may read what about a student: operators all, the holder of a test's session that test.

A session's id is a credential and goes in the header `X-Session-Id`; the query parameter
`session_id` does the same for pages that cannot set headers. It proves one session and no more:
whoever knows a student's id can start a test in the student's name, and must not learn from it
what the other tests have shown, let alone their ids. Another student's id and an unknown one are
answered alike.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path, Query

from lib.access.guard import LocalOrOperator
from lib.assessment.results.results import Readable
from lib.errors import Unauthenticated


def readable(
    student_id: Annotated[str, Path(min_length=1, max_length=200)],
    is_operator: LocalOrOperator,
    x_session_id: Annotated[UUID | None, Header()] = None,
    session_id: Annotated[UUID | None, Query()] = None,
) -> Readable:
    """What the caller asks to read and has shown a credential for.

    Raises:
        Unauthenticated: If no credential is shown.
    """
    if is_operator:
        return Readable(student_id)
    shown = x_session_id or session_id
    if shown is None:
        raise Unauthenticated
    return Readable(student_id, shown)


ReadableStudent = Annotated[Readable, Depends(readable)]
