"""The keys of a deployment, and the signing keys that are derived from them."""

from lib.access.weak_secrets import key_weakness
from lib.errors import NotConfigured
from lib.settings import Settings
from lib.text.patterns import late_pattern

SIGNING_KEY_BYTES = 32
_KEY = late_pattern(r"[0-9a-fA-F]{64}")


def configured_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return ENCRYPTION_KEY and the keys of ENCRYPTION_KEY_PREVIOUS.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing, a key is not 64 hexadecimal digits, or, in a
            deployment, ENCRYPTION_KEY was not chosen at random.
    """
    current = _parse_key("ENCRYPTION_KEY", settings.encryption_key or "")
    if settings.deployed and (reason := key_weakness(current.hex())) is not None:
        raise NotConfigured(name="ENCRYPTION_KEY", reason=reason)
    previous = filter(None, (settings.encryption_key_previous or "").split(","))
    return current, *(_parse_key("ENCRYPTION_KEY_PREVIOUS", text) for text in previous)


def signing_keys(settings: Settings, purpose: str) -> tuple[bytes, ...]:
    """Return the key with which to sign, and those of ENCRYPTION_KEY_PREVIOUS, which still verify.

    They are derived by HKDF (RFC 5869), so a signature says nothing about keys of other purposes.

    Args:
        settings: Settings with the encryption keys.
        purpose: Name of what is signed; a signature for one purpose is not valid for another.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing or weak.
    """
    return tuple(_signing_key(key, purpose) for key in configured_keys(settings))


def _signing_key(key: bytes, purpose: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"stepwise.signing-key\0{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=SIGNING_KEY_BYTES, salt=None, info=info).derive(key)


def _parse_key(name: str, text: str) -> bytes:
    if not _KEY.fullmatch(text.strip()):
        reason = "does not have 64 hexadecimal digits" if text.strip() else "is not set"
        raise NotConfigured(name=name, reason=reason)
    return bytes.fromhex(text.strip())
