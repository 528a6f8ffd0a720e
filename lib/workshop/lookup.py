"""Parameters that look up sessions: a token, or the e-mail or id of a student."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from lib.errors import FieldMissing, raises
from lib.framework import Depends, Header, Query
from lib.web.cursor import Cursor
from lib.workshop.fields import AnyToken, OptionalEmail

QueryToken = Annotated[
    AnyToken | None, Query(alias="sessionToken", description="The session token.")
]
HeaderToken = Annotated[
    AnyToken | None,
    Header(alias="X-Session-Token", description="The session token, to keep it out of the URL."),
]


@raises(FieldMissing)
@dataclass(frozen=True)
class Lookup:
    """Parameters of a look-up; a token takes precedence over an e-mail and an id.

    Raises:
        FieldMissing: If none of them is given.
    """

    session_token: QueryToken = None
    header_token: HeaderToken = None
    student_email: Annotated[
        OptionalEmail,
        Query(
            alias="studentEmail",
            description="The student's e-mail; if the id is given, too, both must match.",
        ),
    ] = None
    student_id: Annotated[
        UUID | None,
        Query(
            alias="studentId",
            description="The student's id; if the e-mail is given, too, both must match.",
        ),
    ] = None
    limit: Annotated[
        int,
        Query(ge=1, le=200, description="Maximum number of sessions on a page, with a password."),
    ] = 200
    cursor: Annotated[Cursor, Query()] = None

    @property
    def token(self) -> str | None:
        """The session token, from the header or from the query."""
        return self.header_token or self.session_token

    def __post_init__(self) -> None:
        """Refuse a look-up without any parameter."""
        if self.token is None and self.student_email is None and self.student_id is None:
            raise FieldMissing(
                fields=("sessionToken", "studentEmail", "studentId"),
                reason="Send sessionToken, studentEmail or studentId.",
            )


LookupParams = Annotated[Lookup, Depends()]


@raises(FieldMissing)
def require_token(session_token: QueryToken = None, header_token: HeaderToken = None) -> str:
    """Return the session token from the header or from the query.

    Raises:
        FieldMissing: If neither has one.
    """
    token = header_token or session_token
    if token is None:
        raise FieldMissing(fields=("sessionToken",), reason="Send sessionToken.")
    return token
