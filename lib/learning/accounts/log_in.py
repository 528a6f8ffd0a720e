"""Log-in, log-out, and the account of the caller."""

from datetime import datetime

from sqlalchemy.orm import Session

from lib.learning.accounts import store
from lib.learning.accounts.passwords import hash_password, is_outdated, is_right
from lib.learning.accounts.store import Account, StoredProfile
from lib.learning.accounts.tokens import digest_of, issue_tokens
from lib.learning.accounts.wire import DoneOut, MeOut, ProfileOut, TokensOut
from lib.learning.current_user import Call
from lib.learning.errors import LogInRefused
from lib.learning.ids import live_id
from lib.learning.transactions import transaction
from lib.settings import Settings


def log_in(
    db: Session, username: str, password: str, settings: Settings, now: datetime
) -> TokensOut:
    """Return tokens for a user; a password with a hash of an older form is hashed again.

    Raises:
        LogInRefused: If the name or the password is wrong (an unknown name takes as long as a wrong
            password whose hash has the present form), or if another call has just changed the
            password.
    """
    account = store.find_account(db, username)
    if (
        not is_right(password, None if account is None else account.password_hash)
        or account is None
    ):
        raise LogInRefused
    new_hash = hash_password(password) if is_outdated(account.password_hash) else None
    with transaction(db):
        if not is_unchanged(db, account):
            raise LogInRefused
        store.record_log_in(db, account.id, new_hash, now)
        return issue_tokens(db, account, settings, now)


def is_unchanged(db: Session, account: Account) -> bool:
    """Lock an account, and return whether its password is still the one that was checked."""
    locked = store.lock_account(db, account.id)
    return locked is not None and locked.password_hash == account.password_hash


def log_out(call: Call, refresh_token: str | None) -> DoneOut:
    """End the log-in of a refresh token, if it is the caller's."""
    if refresh_token is not None:
        with transaction(call.db):
            store.lock_account(call.db, call.user.id)
            stored_token = store.find_refresh_token(call.db, digest_of(refresh_token))
            if stored_token is not None and stored_token.user_id == call.user.id:
                store.end_family(call.db, stored_token.family_id, call.now)
    return DoneOut(message="Logged out; discard the access token.")


def read_me(call: Call) -> MeOut:
    """Return the user who calls."""
    profile = store.read_profile(call.db, call.user.id)
    return MeOut(
        id=live_id(call.user.id, call.user.former_id),
        username=call.user.username,
        role=call.user.role,
        created_at=call.user.created_at,
        last_login=call.user.last_login,
        student_profile=None if profile is None else live_profile(profile),
    )


def live_profile(profile: StoredProfile) -> ProfileOut:
    """Return a profile in the live system's shape."""
    return ProfileOut(
        id=live_id(profile.id, profile.former_id),
        grade=profile.grade,
        target_exam=profile.target_exam,
        exam_date=profile.exam_date,
        available_hours_per_day=profile.available_hours_per_day,
    )
