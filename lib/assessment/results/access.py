"""Access to a student's results: all for operators and instructors, one session for its holder.

A session's id is a credential. It is sent in the header `X-Session-Id`, or in the query parameter
`session_id` by pages that cannot set headers, and gives access to that session only: anyone who
knows a student's id can start a test in the student's name and must not learn the results, let
alone the session ids, of other tests. The id of another student's session gets the same reply as an
unknown one. An operator who sends the id of a session gets what its holder gets, so that a page
behaves on the local server, which trusts its own machine, as it does in a deployment.
"""

from typing import Annotated

from lib.access.guard import LocalOrPassword
from lib.assessment.former_ids import SessionUuid
from lib.assessment.results.store import ReadScope
from lib.errors import Unauthenticated, raises
from lib.framework import Depends, Header, Path, Query


@raises(Unauthenticated)
def read_scope(
    student_id: Annotated[
        str,
        Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="Id of the student."),
    ],
    may_read_all: LocalOrPassword,
    x_session_id: Annotated[
        SessionUuid | None,
        Header(alias="X-Session-Id", description="Id of a test of the student."),
    ] = None,
    session_id: Annotated[
        SessionUuid | None,
        Query(description="The same as X-Session-Id, for pages that cannot set headers."),
    ] = None,
) -> ReadScope:
    """Return the scope of the caller's credential.

    Raises:
        Unauthenticated: If the request carries no credential and is not a local one.
    """
    credential = x_session_id or session_id
    if credential is None and not may_read_all:
        raise Unauthenticated
    return ReadScope(student_id, credential)


GrantedScope = Annotated[ReadScope, Depends(read_scope)]
