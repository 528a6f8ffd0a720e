"""Keys for signatures, one for each purpose, derived from ENCRYPTION_KEY."""

from lib.settings import Settings
from lib.vault import configured_keys

KEY_BYTES = 32


def signing_keys(settings: Settings, purpose: str) -> tuple[bytes, ...]:
    """Return the key with which to sign, and those of ENCRYPTION_KEY_PREVIOUS, which still verify.

    They are derived by HKDF (RFC 5869), so a signature says nothing about keys of other purposes.

    Args:
        settings: Settings with the encryption keys.
        purpose: Name of what is signed; a signature for one purpose is not valid for another.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing or weak.
    """
    return tuple(_derived(key, purpose) for key in configured_keys(settings))


def _derived(key: bytes, purpose: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"stepwise.signing-key\0{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)
