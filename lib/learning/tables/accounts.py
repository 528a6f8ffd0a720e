"""Users, their profiles as students, classes, invitations and refresh tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from lib.learning.tables.base import SCHEMA, Adoptable, Base
from lib.learning.tables.closed_lists import Role, one_of

GRADES = "grade BETWEEN 1 AND 12"
DEFAULT_HOURS_PER_DAY = 3.0


class User(Adoptable, Base):
    """A person who logs in."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint(one_of("role", Role), "role"),)

    username: Mapped[str] = mapped_column(unique=True)
    """3 to 50 characters; case matters."""
    password_hash: Mapped[str | None]
    """Argon2id, or the hash of an adopted account until its next log-in; null if there is none."""
    role: Mapped[str]
    last_login: Mapped[datetime | None]
    tokens_valid_from: Mapped[datetime | None]
    """Tokens issued before this time are refused; set by a change or reset of the password."""


class StudentProfile(Adoptable, Base):
    """A user as a student; its id is the student's id everywhere."""

    __tablename__ = "student_profiles"
    __table_args__ = (
        CheckConstraint(GRADES, "grade"),
        CheckConstraint(
            "available_hours_per_day > 0 AND available_hours_per_day <= 24",
            "available_hours_per_day",
        ),
    )

    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.users.id", ondelete="CASCADE"), unique=True
    )
    """Null for an adopted profile whose user was missing."""
    grade: Mapped[int]
    target_exam: Mapped[str]
    exam_date: Mapped[datetime | None]
    available_hours_per_day: Mapped[float] = mapped_column(
        server_default=text(str(DEFAULT_HOURS_PER_DAY))
    )
    class_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.classes.id", ondelete="SET NULL"), index=True
    )


class Class(Adoptable, Base):
    """A teacher's group of students."""

    __tablename__ = "classes"
    __table_args__ = (CheckConstraint(GRADES, "grade"),)

    name: Mapped[str]
    teacher_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.users.id", ondelete="SET NULL"), index=True
    )
    grade: Mapped[int]
    join_code: Mapped[str | None] = mapped_column(unique=True)
    """Code with which a student joins; null while the class is closed to new students."""


class Invitation(Base):
    """A permission, used once, to register with a role, or to set a new password."""

    __tablename__ = "invitations"
    __table_args__ = (CheckConstraint(one_of("role", Role), "role"),)

    code_sha256: Mapped[str] = mapped_column(unique=True)
    """Digest of the code, in hexadecimal digits."""
    role: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.users.id", ondelete="CASCADE")
    )
    """User who may set a new password; null for a registration."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RefreshToken(Base):
    """A token that is exchanged for new tokens, once."""

    __tablename__ = "refresh_tokens"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.users.id", ondelete="CASCADE"), index=True
    )
    token_sha256: Mapped[str] = mapped_column(unique=True)
    """Digest of the token, in hexadecimal digits."""
    family_id: Mapped[UUID] = mapped_column(index=True)
    """Log-in from which the token descends; a second use of a token ends all of the family."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    """Time of the exchange, or of the end of the log-in."""
