"""Hashes of passwords: Argon2id, and two older forms that adopted accounts keep until a log-in."""

import base64
import binascii
import hashlib
import hmac
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

ROUNDS, MEMORY_KIB, LANES = 2, 19 * 1024, 1
"""Parameters of Argon2id that OWASP recommends for servers with little memory."""
SALT_BYTES = 32
PBKDF2_ROUNDS = 100_000
"""Rounds of the live system's hashes."""
BCRYPT_BYTES = 72
"""Number of bytes that bcrypt reads; the live system's library truncated longer passwords."""


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password."""
    return _hasher().hash(password)


def is_right(password: str, stored_hash: str | None) -> bool:
    """Return whether a password has this hash; without a hash, check a decoy and return False."""
    if stored_hash is None:
        is_right(password, _decoy())
        return False
    if stored_hash.startswith("$argon2"):
        return _is_argon2(password, stored_hash)
    if stored_hash.startswith("$2"):
        return _is_bcrypt(password, stored_hash)
    return _is_pbkdf2(password, stored_hash)


def is_outdated(stored_hash: str | None) -> bool:
    """Return whether the password has to be hashed again."""
    if stored_hash is None or not stored_hash.startswith("$argon2"):
        return True
    return _hasher().check_needs_rehash(stored_hash)


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(ROUNDS, MEMORY_KIB, LANES)


@cache
def _decoy() -> str:
    return hash_password("nobody's password")


def _is_argon2(password: str, stored_hash: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _is_bcrypt(password: str, stored_hash: str) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(password.encode()[:BCRYPT_BYTES], stored_hash.encode())
    except ValueError:
        return False


def _is_pbkdf2(password: str, stored_hash: str) -> bool:
    try:
        raw = base64.b64decode(stored_hash, validate=True)
    except (binascii.Error, ValueError):
        return False
    salt, digest = raw[:SALT_BYTES], raw[SALT_BYTES:]
    derived = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, PBKDF2_ROUNDS)
    return hmac.compare_digest(derived, digest)
