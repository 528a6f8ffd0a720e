"""Changes of passwords: by a logged-in user, or with a code that an operator issued."""

from datetime import datetime

from sqlalchemy.orm import Session

from lib.learning.accounts import store
from lib.learning.accounts.log_in import is_unchanged
from lib.learning.accounts.passwords import hash_password, is_right
from lib.learning.accounts.tokens import digest_of, issue_tokens
from lib.learning.accounts.wire import ChangePasswordIn, ResetPasswordIn, TokensOut
from lib.learning.current_user import Call
from lib.learning.errors import InvitationRefused, PasswordWrong
from lib.learning.transactions import transaction
from lib.settings import Settings


def change_password(call: Call, body: ChangePasswordIn, settings: Settings) -> TokensOut:
    """Change the caller's password, end all other log-ins, and return new tokens.

    Raises:
        PasswordWrong: If the current password is wrong, or another call has just changed it.
    """
    db = call.db
    account = store.read_account(db, call.user.id)
    if account is None or not is_right(body.current_password, account.password_hash):
        raise PasswordWrong
    new_hash = hash_password(body.new_password)
    with transaction(db):
        if not is_unchanged(db, account):
            raise PasswordWrong
        valid_from = store.set_password(db, account.id, new_hash, call.now)
        return issue_tokens(db, account, settings, valid_from)


def reset_password(
    db: Session, body: ResetPasswordIn, settings: Settings, now: datetime
) -> TokensOut:
    """Set a new password with a code, end all log-ins, and return new tokens.

    Raises:
        InvitationRefused: If the code is not valid for this account.
    """
    new_hash = hash_password(body.new_password)
    with transaction(db):
        account = store.find_account(db, body.username)
        if account is None or not store.use_invitation(
            db, digest_of(body.code), account.role, account.id, now
        ):
            raise InvitationRefused(fields=("code",))
        store.lock_account(db, account.id)
        valid_from = store.set_password(db, account.id, new_hash, now)
        return issue_tokens(db, account, settings, valid_from)
