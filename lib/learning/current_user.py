"""The user who makes a call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.access.user_tokens import Claims
from lib.deps import Deps, get_deps
from lib.errors import TokenRefused, raises
from lib.framework import Depends, Request
from lib.learning.database import get_db
from lib.learning.errors import NotStudent
from lib.learning.tables import StudentProfile, User
from lib.learning.tables.closed_lists import Role

Db = Annotated[Session, Depends(get_db)]


@dataclass(frozen=True)
class CurrentUser:
    """A user who has logged in."""

    id: UUID
    former_id: int | None
    username: str
    role: Role
    created_at: datetime
    last_login: datetime | None
    tokens_valid_from: datetime | None
    profile_id: UUID | None
    """Id as a student; None for other users."""

    @property
    def student_id(self) -> UUID:
        """The user's id as a student.

        Raises:
            NotStudent: If the user is not a student.
        """
        if self.profile_id is None:
            raise NotStudent
        return self.profile_id


@dataclass(frozen=True)
class Call:
    """A call of a user: who makes it and when, and the database's session that serves it."""

    db: Session
    user: CurrentUser
    now: datetime


def read_user(db: Session, user_id: UUID) -> CurrentUser | None:
    """Return a user; None if there is no such user."""
    row = db.execute(
        select(
            User.id,
            User.former_id,
            User.username,
            User.role,
            User.created_at,
            User.last_login,
            User.tokens_valid_from,
            StudentProfile.id,
        )
        .outerjoin(StudentProfile, StudentProfile.user_id == User.id)
        .where(User.id == user_id)
    ).one_or_none()
    return None if row is None else CurrentUser(row[0], row[1], row[2], Role(row[3]), *row[4:])


@raises(TokenRefused)
def get_call(
    request: Request,
    db: Db,
    deps: Annotated[Deps, Depends(get_deps)],
) -> Call:
    """Return the call, once its user is known to exist and to have the role of the token.

    Raises:
        TokenRefused: If the user no longer exists, has another role now, or has ended all log-ins
            since the token was issued.
    """
    claims: Claims = request.state.claims
    user = read_user(db, claims.user_id)
    if user is None or user.role != claims.role:
        raise TokenRefused
    if user.tokens_valid_from is not None and claims.issued_at < user.tokens_valid_from:
        raise TokenRefused
    return Call(db, user, deps.clock())


UserCall = Annotated[Call, Depends(get_call)]
