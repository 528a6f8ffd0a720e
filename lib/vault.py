"""Encryption of API keys and other secrets with AES-256-GCM, bound to session and field.

A sealed text is `v1.<key id>.<nonce>.<ciphertext and tag>`; nonce, ciphertext and tag are in
unpadded URL-safe base64. Session and field are its associated data, so a text that was moved to
another row or column cannot be opened. The key id is derived from the key: texts sealed with an
earlier key stay readable while that key is in ENCRYPTION_KEY_PREVIOUS; `needs_rotation` detects
them.

The older format, `base64(16-byte IV):base64(16-byte tag):base64(ciphertext)`, is read but never
written, in either alphabet of base64, padded or not; its texts are not bound to a row.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from lib.access.encryption_keys import configured_keys
from lib.errors import Unreadable
from lib.settings import Settings
from lib.text.patterns import late_pattern

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

API_KEY_FIELD = "openai_api_key"
ACCOUNT_FIELD = "twilio_account_sid"
LEGACY_FIELD = "_legacy"
"""Field of secrets from those columns of legacy tables that the unified schema does not have."""
AUTH_TOKEN_FIELD = "twilio_auth_token"  # noqa: S105 a name, like the next
AUTH_TOKEN_MEMBER = "twilioAuthToken"  # noqa: S105
"""Member of `sessions.extra` that holds the text sealed under AUTH_TOKEN_FIELD."""

NONCE_BYTES = 12  # the size that GCM uses without hashing, NIST SP 800-38D, 8.2
KEY_ID_DIGITS = 8
_SEALED = late_pattern(r"v1\.([0-9a-f]{8})\.([\w-]{16})\.([\w-]{22,})", re.ASCII)
_OLD = late_pattern(r"([\w+/-]{22})(?:==)?:([\w+/-]{22})(?:==)?:([\w+/-]+)={0,2}", re.ASCII)


@dataclass(frozen=True)
class _Key:
    id: str
    cipher: "AESGCM"
    nonce_key: bytes
    """Key from which nonces of repeatable encryption are derived."""


class Vault:
    """Vault that seals with the first of its keys and opens with any of them; thread-safe."""

    def __init__(self, current: bytes, *previous: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._keys = tuple(
            _Key(key_id(key), AESGCM(key), _nonce_key(key)) for key in (current, *previous)
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return a vault with ENCRYPTION_KEY and the comma-separated ENCRYPTION_KEY_PREVIOUS.

        Raises:
            NotConfigured: If ENCRYPTION_KEY is missing, a key is not 64 hexadecimal digits, or a
                deployment's key was not chosen at random.
        """
        return cls(*configured_keys(settings))

    @property
    def prefix(self) -> str:
        """Prefix of every text that is sealed with the current key."""
        return f"v1.{self._keys[0].id}."

    @property
    def other_prefixes(self) -> str:
        """Regular expression for the prefix of texts that are sealed with another key."""
        return rf"v1[.](?!{self._keys[0].id})[0-9a-f]{{8}}[.]"

    def seal(self, plaintext: str, session_token: str, field: str) -> str:
        """Encrypt a text; each call returns a different result."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._seal(nonce, plaintext, _binding(session_token, field))

    def seal_repeatably(self, plaintext: str, session_token: str, field: str) -> str:
        """Encrypt a text; the same text in the same place gives the same result.

        The nonce is a keyed hash of text and place, as in a synthetic IV (RFC 5297, section 2.6):
        it repeats only if everything else does.
        """
        binding = _binding(session_token, field)
        message = binding + b"\0" + plaintext.encode()
        nonce = hmac.digest(self._keys[0].nonce_key, message, "sha256")[:NONCE_BYTES]
        return self._seal(nonce, plaintext, binding)

    def _seal(self, nonce: bytes, plaintext: str, binding: bytes) -> str:
        sealed = self._keys[0].cipher.encrypt(nonce, plaintext.encode(), binding)
        return f"{self.prefix}{_encode(nonce)}.{_encode(sealed)}"

    def seal_account(self, account_sid: str) -> str:
        """Encrypt the SID of a Twilio account.

        It is bound to its column only, because the records of one person are merged in SQL.
        """
        return self.seal(account_sid, "", ACCOUNT_FIELD)

    def open(self, text: str, session_token: str, field: str) -> str:
        """Decrypt a text of either format.

        Raises:
            Unreadable: If it has neither format, belongs to another row or field, or its key is
                not configured.
        """
        try:
            if parts := _SEALED.fullmatch(text):
                identifier, nonce, sealed = parts.groups()
                binding = _binding(session_token, field)
                return _decrypt(self._cipher(identifier), _decode(nonce), _decode(sealed), binding)
            if parts := _OLD.fullmatch(text):
                return self._open_old(*(_decode(part) for part in parts.groups()))
        except (binascii.Error, ValueError) as error:
            raise Unreadable from error
        raise Unreadable

    def needs_rotation(self, text: str) -> bool:
        """Return whether the text is not sealed with the current key."""
        return not text.startswith(self.prefix)

    def _cipher(self, identifier: str) -> "AESGCM":
        for candidate in self._keys:
            if candidate.id == identifier:
                return candidate.cipher
        raise Unreadable

    def _open_old(self, nonce: bytes, tag: bytes, ciphertext: bytes) -> str:
        for candidate in self._keys[:-1]:
            try:
                return _decrypt(candidate.cipher, nonce, ciphertext + tag, None)
            except Unreadable:
                continue
        return _decrypt(self._keys[-1].cipher, nonce, ciphertext + tag, None)


def is_sealed(text: str) -> bool:
    """Return whether the text has the format of a sealed text, old or new, whatever its key."""
    return bool(_SEALED.fullmatch(text) or _OLD.fullmatch(text))


def key_id(key: bytes) -> str:
    """Return 8 hexadecimal digits of a hash, which identify the key without revealing it."""
    return hashlib.sha256(b"stepwise.vault.key-id\0" + key).hexdigest()[:KEY_ID_DIGITS]


def _nonce_key(key: bytes) -> bytes:
    return hmac.digest(key, b"stepwise.vault.nonce-key\0", "sha256")


def _binding(session_token: str, field: str) -> bytes:
    """Return the associated data of a text; tokens in Postgres cannot contain the separator NUL."""
    return f"stepwise.v1\0{session_token}\0{field}".encode()


def _decrypt(cipher: "AESGCM", nonce: bytes, sealed: bytes, binding: bytes | None) -> str:
    from cryptography.exceptions import InvalidTag

    try:
        return cipher.decrypt(nonce, sealed, binding).decode()
    except InvalidTag as error:
        raise Unreadable from error


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Decode either alphabet of base64 without its padding."""
    text = text.replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
