"""Statements of accounts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.orm import Session

from lib.learning.tables import Invitation, RefreshToken, StudentProfile, User
from lib.learning.tables.base import new_id
from lib.learning.tables.closed_lists import Role

CLOCK_STEP = timedelta(microseconds=1)
"""Smallest difference of two times in the databases and in access tokens."""


@dataclass(frozen=True)
class Account:
    """A user with the hash of the password."""

    id: UUID
    former_id: int | None
    username: str
    role: Role
    created_at: datetime
    password_hash: str | None
    tokens_valid_from: datetime | None


@dataclass(frozen=True)
class StoredProfile:
    """A user's profile as a student."""

    id: UUID
    former_id: int | None
    grade: int
    target_exam: str
    exam_date: datetime | None
    available_hours_per_day: float
    class_id: UUID | None


@dataclass(frozen=True)
class StoredToken:
    """A refresh token; `used_at` is None until it is used or ended."""

    id: UUID
    user_id: UUID
    family_id: UUID
    expires_at: datetime
    used_at: datetime | None


_ACCOUNT = (
    User.id,
    User.former_id,
    User.username,
    User.role,
    User.created_at,
    User.password_hash,
    User.tokens_valid_from,
)
_PROFILE = (
    StudentProfile.id,
    StudentProfile.former_id,
    StudentProfile.grade,
    StudentProfile.target_exam,
    StudentProfile.exam_date,
    StudentProfile.available_hours_per_day,
    StudentProfile.class_id,
)


def find_account(db: Session, username: str) -> Account | None:
    """Return the account of this name; None if there is none."""
    return _account(db, User.username == username)


def read_account(db: Session, user_id: UUID) -> Account | None:
    """Return the account with this id; None if there is none."""
    return _account(db, User.id == user_id)


def lock_account(db: Session, user_id: UUID) -> Account | None:
    """Return the account with this id, locked until the transaction ends; None if there is none.

    Log-ins, changes and resets of a password, refreshes and log-outs lock the account before they
    issue or end tokens, so that no token is issued for a password that another call is replacing.
    """
    return _account(db, User.id == user_id, locked=True)


def lock_account_of_token(db: Session, digest: str) -> Account | None:
    """Return the account of a refresh token, locked as by `lock_account`; None if there is none."""
    owner = select(RefreshToken.user_id).where(RefreshToken.token_sha256 == digest)
    return _account(db, User.id == owner.scalar_subquery(), locked=True)


def _account(
    db: Session, condition: ColumnElement[bool], *, locked: bool = False
) -> Account | None:
    query = select(*_ACCOUNT).where(condition)
    row = db.execute(query.with_for_update(key_share=True) if locked else query).one_or_none()
    return None if row is None else Account(*row[:3], Role(row[3]), *row[4:])


def add_user(db: Session, username: str, password_hash: str, role: Role, now: datetime) -> Account:
    """Store a new user who logs in now.

    Raises:
        UsernameTaken: If another user has the name.
    """
    account = Account(new_id(), None, username, role, now, password_hash, None)
    db.execute(
        insert(User).values(
            id=account.id,
            username=username,
            password_hash=password_hash,
            role=role.value,
            last_login=now,
            created_at=now,
            updated_at=now,
        )
    )
    return account


def add_profile(db: Session, user_id: UUID, profile: StoredProfile, now: datetime) -> None:
    """Store the profile of a new student."""
    db.execute(
        insert(StudentProfile).values(
            id=profile.id,
            user_id=user_id,
            grade=profile.grade,
            target_exam=profile.target_exam,
            exam_date=profile.exam_date,
            available_hours_per_day=profile.available_hours_per_day,
            class_id=profile.class_id,
            created_at=now,
            updated_at=now,
        )
    )


def read_profile(db: Session, user_id: UUID) -> StoredProfile | None:
    """Return a user's profile as a student; None if there is none."""
    row = db.execute(select(*_PROFILE).where(StudentProfile.user_id == user_id)).one_or_none()
    return None if row is None else StoredProfile(*row)


def record_log_in(db: Session, user_id: UUID, new_hash: str | None, now: datetime) -> None:
    """Record a log-in and, if there is one, the password's new hash."""
    values: dict[str, datetime | str] = {"last_login": now, "updated_at": now}
    if new_hash is not None:
        values["password_hash"] = new_hash
    db.execute(update(User).where(User.id == user_id).values(values))


def set_password(db: Session, user_id: UUID, new_hash: str, now: datetime) -> datetime:
    """Store a new password, and end every log-in of the user, whose account is locked.

    Returns:
        Time from which tokens are valid: now, or later if a call that took the lock before this
        one has issued tokens at a later time.
    """
    issued = select(func.max(RefreshToken.created_at)).where(RefreshToken.user_id == user_id)
    latest_issue = db.execute(issued).scalar()
    valid_from = now if latest_issue is None else max(now, latest_issue + CLOCK_STEP)
    db.execute(
        update(User)
        .where(User.id == user_id)
        .values(password_hash=new_hash, tokens_valid_from=valid_from, updated_at=now)
    )
    db.execute(
        update(RefreshToken)
        .where(RefreshToken.user_id == user_id, RefreshToken.used_at.is_(None))
        .values(used_at=now, updated_at=now)
    )
    return valid_from


def add_refresh_token(
    db: Session, user_id: UUID, family_id: UUID, digest: str, now: datetime, expires_at: datetime
) -> None:
    """Store the digest of a refresh token."""
    db.execute(
        insert(RefreshToken).values(
            id=new_id(),
            user_id=user_id,
            family_id=family_id,
            token_sha256=digest,
            expires_at=expires_at,
            created_at=now,
            updated_at=now,
        )
    )


def find_refresh_token(db: Session, digest: str) -> StoredToken | None:
    """Return a refresh token; None if there is none."""
    row = db.execute(
        select(
            RefreshToken.id,
            RefreshToken.user_id,
            RefreshToken.family_id,
            RefreshToken.expires_at,
            RefreshToken.used_at,
        ).where(RefreshToken.token_sha256 == digest)
    ).one_or_none()
    return None if row is None else StoredToken(*row)


def use_refresh_token(db: Session, token_id: UUID, now: datetime) -> None:
    """Mark a refresh token as used."""
    db.execute(update(RefreshToken).where(RefreshToken.id == token_id).values(used_at=now))


def end_family(db: Session, family_id: UUID, now: datetime) -> None:
    """End every refresh token that descends from the same log-in."""
    db.execute(
        update(RefreshToken)
        .where(RefreshToken.family_id == family_id, RefreshToken.used_at.is_(None))
        .values(used_at=now, updated_at=now)
    )


def add_invitation(
    db: Session,
    digest: str,
    role: Role,
    user_id: UUID | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Store the digest of an invitation's code."""
    db.execute(
        insert(Invitation).values(
            id=new_id(),
            code_sha256=digest,
            role=role.value,
            user_id=user_id,
            expires_at=expires_at,
            created_at=now,
            updated_at=now,
        )
    )


def use_invitation(
    db: Session, digest: str, role: Role, user_id: UUID | None, now: datetime
) -> bool:
    """Use an invitation; return whether it was valid for this role and user, and unused."""
    of_user = Invitation.user_id.is_(None) if user_id is None else Invitation.user_id == user_id
    used_ids = db.execute(
        update(Invitation)
        .where(
            Invitation.code_sha256 == digest,
            Invitation.role == role.value,
            of_user,
            Invitation.used_at.is_(None),
            Invitation.expires_at > now,
        )
        .values(used_at=now, updated_at=now)
        .returning(Invitation.id)
    ).all()
    return len(used_ids) == 1
