"""Encryption of API keys: AES-256-GCM, each text bound to its session and field.

A sealed text is `v1.<key id>.<nonce>.<ciphertext and tag>`, the last two in unpadded URL-safe
base64. Session and field are authenticated with it, so a text moved to another row or column
does not open. The key id is derived from the key: texts of an earlier key stay readable while
that key stands in ENCRYPTION_KEY_PREVIOUS, and `needs_rotation` finds them.

The older format, `base64(16-byte IV):base64(16-byte tag):base64(ciphertext)`, is read and never
written, in either alphabet of base64, padded or not; it is bound to nothing.
"""

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lib.errors import AppError, NotConfigured
from lib.settings import Settings

API_KEY_FIELD = "openai_api_key"

NONCE_BYTES = 12  # the size for which GCM is defined without another hash, NIST SP 800-38D, 8.2
KEY_ID_DIGITS = 8
_KEY = re.compile(r"[0-9a-fA-F]{64}")
_SEALED = re.compile(r"v1\.([0-9a-f]{8})\.([\w-]{16})\.([\w-]{22,})", re.ASCII)
_OLD = re.compile(r"([\w+/-]{22})(?:==)?:([\w+/-]{22})(?:==)?:([\w+/-]+)={0,2}", re.ASCII)


class Unreadable(AppError):
    """A stored key cannot be decrypted with the encryption keys of this deployment.

    Its key is not configured, or the text was changed or moved from another row.
    """

    status = 503
    code = "key_unreadable"


@dataclass(frozen=True)
class _Key:
    id: str
    cipher: AESGCM


class Vault:
    """Seals with the first key, opens with any; safe for threads."""

    def __init__(self, current: bytes, *previous: bytes) -> None:
        self._keys = tuple(_Key(key_id(key), AESGCM(key)) for key in (current, *previous))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The vault of ENCRYPTION_KEY and, comma-separated, ENCRYPTION_KEY_PREVIOUS.

        Raises:
            NotConfigured: If the first is missing, or one is not 64 hexadecimal digits.
        """
        current = _parse_key("ENCRYPTION_KEY", settings.encryption_key or "")
        previous = filter(None, (settings.encryption_key_previous or "").split(","))
        return cls(current, *(_parse_key("ENCRYPTION_KEY_PREVIOUS", text) for text in previous))

    @property
    def prefix(self) -> str:
        """How every text sealed with the current key begins."""
        return f"v1.{self._keys[0].id}."

    def seal(self, plaintext: str, session_token: str, field: str) -> str:
        """Encrypt; two calls give two texts."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._keys[0].cipher.encrypt(
            nonce, plaintext.encode(), _binding(session_token, field)
        )
        return f"{self.prefix}{_encode(nonce)}.{_encode(sealed)}"

    def open(self, text: str, session_token: str, field: str) -> str:
        """Decrypt a text of either format.

        Raises:
            Unreadable: If it is neither, its key is unknown, or it belongs to another row or field.
        """
        try:
            if found := _SEALED.fullmatch(text):
                key, nonce, sealed = found.groups()
                binding = _binding(session_token, field)
                return _decrypt(self._cipher(key), _decode(nonce), _decode(sealed), binding)
            if found := _OLD.fullmatch(text):
                return self._open_old(*(_decode(part) for part in found.groups()))
        except (binascii.Error, ValueError) as error:
            raise Unreadable from error
        raise Unreadable

    def needs_rotation(self, text: str) -> bool:
        """Whether the text is anything but one sealed with the current key."""
        return not text.startswith(self.prefix)

    def _cipher(self, key: str) -> AESGCM:
        for candidate in self._keys:
            if candidate.id == key:
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
    """Whether the text has the form of an encrypted one, new or old; says nothing of its key."""
    return bool(_SEALED.fullmatch(text) or _OLD.fullmatch(text))


def key_id(key: bytes) -> str:
    """First 8 hexadecimal digits of a hash of the key: names it, gives nothing away."""
    return hashlib.sha256(b"stepwise.vault.key-id\0" + key).hexdigest()[:KEY_ID_DIGITS]


def _parse_key(name: str, text: str) -> bytes:
    if not _KEY.fullmatch(text.strip()):
        raise NotConfigured(name=f"{name} (64 hexadecimal digits)")
    return bytes.fromhex(text.strip())


def _binding(session_token: str, field: str) -> bytes:
    """What a text belongs to; no token that Postgres can store holds a NUL."""
    return f"stepwise.v1\0{session_token}\0{field}".encode()


def _decrypt(cipher: AESGCM, nonce: bytes, sealed: bytes, binding: bytes | None) -> str:
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
