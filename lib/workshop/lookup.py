"""How a session is asked for: by its token, or by who its student is."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query

from lib.errors import BadRequest
from lib.workshop.fields import AnyToken, OptionalEmail

QueryToken = Annotated[AnyToken | None, Query(alias="sessionToken")]
HeaderToken = Annotated[
    AnyToken | None,
    Header(alias="X-Session-Token", description="The token, kept out of the address."),
]


@dataclass(frozen=True)
class Lookup:
    """Exactly one of these is used, the first that is there."""

    session_token: QueryToken = None
    header_token: HeaderToken = None
    student_email: Annotated[OptionalEmail, Query(alias="studentEmail")] = None
    student_id: Annotated[UUID | None, Query(alias="studentId")] = None

    @property
    def token(self) -> str | None:
        """The session's token, from either place."""
        return self.header_token or self.session_token

    def __post_init__(self) -> None:
        """Refuse a question about nobody."""
        if self.token is None and self.student_email is None and self.student_id is None:
            raise BadRequest(reason="Send sessionToken, studentEmail or studentId.")


Asked = Annotated[Lookup, Depends()]


def given_token(session_token: QueryToken = None, header_token: HeaderToken = None) -> str:
    """The session's token, from either place.

    Raises:
        BadRequest: If there is none.
    """
    token = header_token or session_token
    if token is None:
        raise BadRequest(reason="Send sessionToken.")
    return token
