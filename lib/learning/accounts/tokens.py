"""Pairs of an access and a refresh token.

A refresh token can be used once. If it is used again, someone else may hold it, so all refresh
tokens that descend from the same log-in become invalid; access tokens stay valid until they expire.
Only digests of refresh tokens are stored.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from lib.access.user_tokens import new_claims, write_token
from lib.learning.accounts import store
from lib.learning.accounts.store import Account
from lib.learning.accounts.wire import TokensOut, UserOut
from lib.learning.errors import RefreshRefused
from lib.learning.ids import live_id
from lib.learning.tables.base import new_id
from lib.learning.transactions import transaction
from lib.settings import Settings

REFRESH_LIFETIME = timedelta(days=90)
"""Lifetime of a refresh token, long enough for a device that was offline for weeks."""
TOKEN_BYTES = 32
"""Number of random bytes of a refresh token."""


def digest_of(secret: str) -> str:
    """Return the digest under which a token or code is stored, in hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue_tokens(
    db: Session, account: Account, settings: Settings, now: datetime, family_id: UUID | None = None
) -> TokensOut:
    """Return new tokens, and store the digest of the refresh token.

    Args:
        db: Session in whose transaction the token is stored.
        account: The user.
        settings: Settings with the encryption key.
        now: Time of issue; a time before `tokens_valid_from` becomes that time.
        family_id: Log-in from which the tokens descend; None for a new one.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing or weak.
    """
    issued_at = max(now, account.tokens_valid_from or now)
    access_token = write_token(
        new_claims(account.id, account.username, account.role.value, issued_at), settings
    )
    refresh_token = secrets.token_urlsafe(TOKEN_BYTES)
    store.add_refresh_token(
        db,
        account.id,
        family_id or new_id(),
        digest_of(refresh_token),
        issued_at,
        issued_at + REFRESH_LIFETIME,
    )
    user = UserOut(
        id=live_id(account.id, account.former_id),
        username=account.username,
        role=account.role,
        created_at=account.created_at,
    )
    return TokensOut(access_token=access_token, refresh_token=refresh_token, user=user)


def refresh(db: Session, refresh_token: str, settings: Settings, now: datetime) -> TokensOut:
    """Exchange a refresh token for new tokens.

    Raises:
        RefreshRefused: If it is unknown, expired or used; a second use ends its log-in.
    """
    digest = digest_of(refresh_token)
    with transaction(db):
        account = store.lock_account_of_token(db, digest)
        stored_token = store.find_refresh_token(db, digest)
        if stored_token is not None and stored_token.used_at is not None:
            store.end_family(db, stored_token.family_id, now)
        elif account is not None and stored_token is not None and stored_token.expires_at > now:
            store.use_refresh_token(db, stored_token.id, now)
            return issue_tokens(db, account, settings, now, stored_token.family_id)
    raise RefreshRefused
