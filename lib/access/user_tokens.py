"""Access tokens of users: signed statements of who has logged in, and in which role.

An access token is a JSON Web Token with the claims that clients of the live system read: `sub` (the
username), `role` and `exp`. `uid` is the user's id, and `iat` the time of issue. It is signed
with a key derived from ENCRYPTION_KEY.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from lib.access.encryption_keys import signing_keys
from lib.errors import TokenRefused
from lib.settings import Settings

PURPOSE = "user access token"
ALGORITHM = "HS256"
LIFETIME = timedelta(hours=24)
TEACHING_ROLES = frozenset({"teacher", "admin"})


@dataclass(frozen=True)
class Claims:
    """The statements of an access token about its user."""

    user_id: UUID
    username: str
    role: str
    issued_at: datetime
    expires_at: datetime


def new_claims(user_id: UUID, username: str, role: str, now: datetime) -> Claims:
    """Return the claims of a token that is issued to a user now."""
    issued_at = now.astimezone(UTC)
    return Claims(user_id, username, role, issued_at, issued_at + LIFETIME)


def write_token(claims: Claims, settings: Settings) -> str:
    """Return the signed text of an access token.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing or weak.
    """
    import jwt

    key, *_ = signing_keys(settings, PURPOSE)
    content = {
        "sub": claims.username,
        "role": claims.role,
        "uid": str(claims.user_id),
        "iat": claims.issued_at.timestamp(),
        "exp": int(claims.expires_at.timestamp()),
    }
    return jwt.encode(content, key, ALGORITHM)


def read_token(text: str, settings: Settings, now: datetime) -> Claims:
    """Return the claims of an access token.

    Raises:
        TokenRefused: If no key of this deployment signed it, or it has expired.
        NotConfigured: If ENCRYPTION_KEY is missing or weak.
    """
    content = _verified_content(text, settings)
    try:
        claims = Claims(
            user_id=UUID(content["uid"]),
            username=str(content["sub"]),
            role=str(content["role"]),
            issued_at=datetime.fromtimestamp(content["iat"], UTC),
            expires_at=datetime.fromtimestamp(content["exp"], UTC),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TokenRefused from error
    if claims.expires_at <= now:
        raise TokenRefused
    return claims


def _verified_content(text: str, settings: Settings) -> dict[str, Any]:
    import jwt

    for key in signing_keys(settings, PURPOSE):
        try:  # read_token() checks the expiry, by the time that its caller gives
            options: Any = {"verify_exp": False, "verify_iat": False}
            content: dict[str, Any] = jwt.decode(text, key, [ALGORITHM], options=options)
        except jwt.InvalidTokenError:
            continue
        return content
    raise TokenRefused
