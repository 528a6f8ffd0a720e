"""Registration of users."""

from datetime import datetime

from sqlalchemy.orm import Session

from lib.learning.accounts import store
from lib.learning.accounts.passwords import hash_password
from lib.learning.accounts.store import Account, StoredProfile
from lib.learning.accounts.tokens import digest_of, issue_tokens
from lib.learning.accounts.wire import RegisterIn, TokensOut
from lib.learning.errors import InvitationRefused, RoleNeedsInvitation, UsernameTaken
from lib.learning.tables.base import new_id
from lib.learning.tables.closed_lists import Role
from lib.learning.transactions import transaction
from lib.settings import Settings


def register(
    db: Session, body: RegisterIn, settings: Settings, now: datetime, *, by_operator: bool
) -> TokensOut:
    """Create an account and log its user in.

    Args:
        db: Session without a transaction.
        body: The account.
        settings: Settings with the encryption key.
        now: Time of the registration.
        by_operator: Whether an operator makes the call, who may create any account.

    Raises:
        UsernameTaken: If the name is in use.
        RoleNeedsInvitation: If the role is not `student`, no invitation was sent, and the caller
            is not an operator.
        InvitationRefused: If the invitation is not valid for the role.
    """
    if body.role is not Role.STUDENT and body.invitation is None and not by_operator:
        raise RoleNeedsInvitation
    password_hash = hash_password(body.password)
    with transaction(db):
        if body.invitation is not None and not store.use_invitation(
            db, digest_of(body.invitation), body.role, None, now
        ):
            raise InvitationRefused
        if store.find_account(db, body.username) is not None:
            raise UsernameTaken
        account = add_account(db, body, password_hash, now)
        return issue_tokens(db, account, settings, now)


def add_account(db: Session, body: RegisterIn, password_hash: str, now: datetime) -> Account:
    """Add a user and, for a student, the profile. Needs a transaction, and a name that is free."""
    account = store.add_user(db, body.username, password_hash, body.role, now)
    if body.role is Role.STUDENT:
        store.add_profile(db, account.id, _profile(body), now)
    return account


def _profile(body: RegisterIn) -> StoredProfile:
    assert body.grade is not None  # noqa: S101 the body requires both for students
    assert body.target_exam is not None  # noqa: S101
    return StoredProfile(
        id=new_id(),
        former_id=None,
        grade=body.grade,
        target_exam=body.target_exam,
        exam_date=body.exam_date,
        available_hours_per_day=body.available_hours_per_day,
        class_id=None,
    )
