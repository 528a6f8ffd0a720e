"""Bodies of accounts, in the live system's shapes."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from lib.learning.days import DayTime
from lib.learning.ids import LiveId
from lib.learning.names import name_of
from lib.learning.tables.accounts import DEFAULT_HOURS_PER_DAY
from lib.learning.tables.closed_lists import Role
from lib.web.wire import Body, SuccessOut, UtcTime

Username = Annotated[str, Field(min_length=3, max_length=50)]
NewUsername = Annotated[str, name_of(50), StringConstraints(min_length=3)]
Password = Annotated[str, Field(min_length=8, max_length=100)]
Credential = Annotated[str, Field(min_length=8, max_length=200)]
Grade = Annotated[int, Field(ge=1, le=12)]
HoursPerDay = Annotated[float, Field(ge=0.5, le=24)]
TargetExam = Annotated[str, name_of(200)]


class RegisterIn(Body):
    """A new account."""

    username: NewUsername
    """Name to log in with; case matters."""
    password: Password
    """Password."""
    role: Role
    """`student`; or `teacher` or `admin`, with an invitation or an operator's password."""
    grade: Grade | None = None
    """School year; required for students."""
    target_exam: TargetExam | None = None
    """Exam that the student prepares for; required for students."""
    exam_date: DayTime = None
    """Day of the exam, UTC."""
    available_hours_per_day: HoursPerDay = DEFAULT_HOURS_PER_DAY
    """Hours that the student can study on a day."""
    invitation: Credential | None = None
    """Code of an invitation for this role."""

    @model_validator(mode="after")
    def _complete_student(self) -> Self:
        for field in ("grade", "target_exam"):
            if self.role is Role.STUDENT and getattr(self, field) is None:
                raise PydanticCustomError(
                    "student_incomplete", "Field required for students", {"field": field}
                )
        return self


class LogInIn(Body):
    """A log-in: JSON, or a form as the live page sends it."""

    username: Annotated[str, Field(max_length=200)]
    """Name of the account."""
    password: Annotated[str, Field(max_length=200)]
    """Password."""
    grant_type: Annotated[str, Field(max_length=50)] | None = None
    """Part of OAuth 2 forms; ignored."""
    scope: Annotated[str, Field(max_length=500)] | None = None
    """Part of OAuth 2 forms; ignored."""
    client_id: Annotated[str, Field(max_length=200)] | None = None
    """Part of OAuth 2 forms; ignored."""
    client_secret: Annotated[str, Field(max_length=200)] | None = None
    """Part of OAuth 2 forms; ignored."""


class RefreshIn(Body):
    """An exchange of a refresh token for new tokens."""

    refresh_token: Credential
    """The token; it can be used once."""


class LogOutIn(Body):
    """A log-out."""

    refresh_token: Credential | None = None
    """Refresh token of the log-in to end; without one, no token ends before it expires."""


class ChangePasswordIn(Body):
    """A change of the caller's password."""

    current_password: Annotated[str, Field(max_length=200)]
    """The present password."""
    new_password: Password
    """The new password."""


class ResetPasswordIn(Body):
    """A new password for someone who has forgotten theirs."""

    username: Username
    """Name of the account."""
    code: Credential
    """Code that an operator issued for this account."""
    new_password: Password
    """The new password."""


class InviteIn(Body):
    """A permission to register with a role, or to set a new password."""

    role: Role | None = None
    """Role of a new account."""
    username: Username | None = None
    """Existing account that may set a new password."""
    valid_hours: Annotated[int, Field(ge=1, le=24 * 30)] = 72
    """Hours until the code expires."""
    adminPassword: Any = None  # noqa: N815 its spelling in every operator's body

    @model_validator(mode="after")
    def _one_purpose(self) -> Self:
        if (self.role is None) == (self.username is None):
            raise PydanticCustomError(
                "one_purpose", "Send either role or username", {"field": "role"}
            )
        return self


class InvitationOut(SuccessOut):
    """A code to hand to one person."""

    code: str
    """The code, a credential that can be used once; it is not stored and not shown again."""
    expires_at: UtcTime
    """Time until which it can be used."""


class UserOut(Body):
    """A user."""

    id: LiveId
    """Id of the user."""
    username: str
    """Name of the account."""
    role: Role
    """Role of the user."""
    created_at: UtcTime
    """Time of the registration."""


class TokensOut(Body):
    """New tokens, and the user for whom they are valid."""

    access_token: str
    """Token for the header `Authorization: Bearer …`; valid for 24 hours."""
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 the scheme of the header
    """Scheme of the header."""
    refresh_token: str
    """Token that `POST /api/auth/refresh` exchanges for new ones, once."""
    user: UserOut
    """The user."""


class ProfileOut(Body):
    """A user as a student."""

    id: LiveId
    """Id of the student."""
    grade: int
    """School year, 1 to 12."""
    target_exam: str
    """Exam that the student prepares for."""
    exam_date: UtcTime | None
    """Day of the exam, UTC."""
    available_hours_per_day: float
    """Hours that the student can study on a day."""


class MeOut(UserOut):
    """The user who calls."""

    last_login: UtcTime | None
    """Time of the last log-in."""
    student_profile: ProfileOut | None
    """Profile, if the user is a student."""


class DoneOut(SuccessOut):
    """Confirmation."""

    message: str
    """Outcome, for people."""
