"""Codes with which one person may register with a role, or set a new password."""

import secrets
from datetime import timedelta

from sqlalchemy.orm import Session

from lib.access.audit import Outcome, audit
from lib.deps import Deps
from lib.learning.accounts import store
from lib.learning.accounts.tokens import digest_of
from lib.learning.accounts.wire import InvitationOut, InviteIn
from lib.learning.errors import UserNotFound
from lib.learning.tables.closed_lists import Role
from lib.learning.transactions import transaction

CODE_BYTES = 18
"""Number of random bytes of a code."""


def invite(db: Session, body: InviteIn, deps: Deps) -> InvitationOut:
    """Return a new code.

    Raises:
        UserNotFound: If the code is for an account that does not exist.
    """
    now = deps.clock()
    code = secrets.token_urlsafe(CODE_BYTES)
    expires_at = (now + timedelta(hours=body.valid_hours)).replace(microsecond=0)
    with transaction(db):
        account = None if body.username is None else store.find_account(db, body.username)
        if body.username is not None and account is None:
            raise UserNotFound
        role = account.role if account else body.role or Role.STUDENT
        user_id = account.id if account else None
        store.add_invitation(db, digest_of(code), role, user_id, now, expires_at)
    purpose = {"role": role.value} if account is None else {"resets": "a password"}
    audit(deps, "/api/admin-invite", Outcome.DONE, purpose)
    return InvitationOut(code=code, expires_at=expires_at)
