"""The rotation of the encryption key: seals stored API keys with the current one."""

import time
from dataclasses import dataclass

from lib.database.advisory_lock import lock_tables
from lib.deps import Deps
from lib.errors import Unreadable
from lib.operations import store
from lib.operations.store import StoredKey
from lib.vault import API_KEY_FIELD, Vault, is_sealed

BATCH_KEYS = 1_000
CALL_SECONDS = 18.0


@dataclass(frozen=True)
class Rotation:
    """The result of one call."""

    rotated: int
    unreadable: int
    remaining: int
    """Keys under another encryption key, without those that the call found unreadable."""


def rotate(
    deps: Deps, call_seconds: float = CALL_SECONDS, batch_keys: int = BATCH_KEYS
) -> Rotation:
    """Seal keys with the current encryption key, each batch in a transaction of its own.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing.
        AlreadyRunning: If a migration, clean-up or restore is running.
    """
    vault = Vault.from_settings(deps.settings)
    deadline = time.monotonic() + call_seconds
    rotated = unreadable = 0
    last_token = ""
    while time.monotonic() < deadline:
        with deps.postgres.transaction() as transaction:
            lock_tables(transaction)
            keys = store.next_keys(transaction, vault.prefix, last_token, batch_keys)
            sealed = _seal(keys, vault)
            if sealed:
                store.store_keys(transaction, sealed)
        rotated += len(sealed)
        unreadable += len(keys) - len(sealed)
        if len(keys) < batch_keys:
            break
        last_token = keys[-1].session_token
    return Rotation(
        rotated=rotated,
        unreadable=unreadable,
        remaining=store.count_keys(deps.postgres, vault.prefix) - unreadable,
    )


def _seal(keys: list[StoredKey], vault: Vault) -> dict[str, str]:
    """Return the keys that can be decrypted, sealed with the current key, by token."""
    return {
        key.session_token: vault.seal(plain_key, key.session_token, API_KEY_FIELD)
        for key in keys
        if (plain_key := _open(key, vault)) is not None
    }


def _open(key: StoredKey, vault: Vault) -> str | None:
    if not is_sealed(key.openai_api_key):
        return key.openai_api_key  # in plain text, from an older application
    try:
        return vault.open(key.openai_api_key, key.session_token, API_KEY_FIELD)
    except Unreadable:
        return None
