"""The rotation of the encryption key: seals stored API keys and accounts with the current one."""

import time
from dataclasses import dataclass

from lib.database.advisory_lock import lock_and_limit
from lib.deps import Deps
from lib.errors import Unreadable
from lib.operations import store
from lib.operations.store import KeyPlace, StoredKey
from lib.vault import Vault, is_sealed

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
        AlreadyRunning: If another call holds `lib.database.advisory_lock`.
    """
    vault = Vault.from_settings(deps.settings)
    deadline = time.monotonic() + call_seconds
    rotated = unreadable = remaining = 0
    for place in (store.API_KEYS, store.ACCOUNTS):
        part = _rotate(deps, vault, place, deadline, batch_keys)
        rotated += part.rotated
        unreadable += part.unreadable
        remaining += part.remaining
    return Rotation(rotated=rotated, unreadable=unreadable, remaining=remaining)


def _rotate(
    deps: Deps, vault: Vault, place: KeyPlace, deadline: float, batch_keys: int
) -> Rotation:
    """Seal the keys of one column."""
    rotated = unreadable = 0
    last_row = place.first_row
    while time.monotonic() < deadline:
        with deps.postgres.transaction() as transaction:
            lock_and_limit(transaction)
            keys = store.next_keys(transaction, place, vault.prefix, last_row, batch_keys)
            sealed = _seal(keys, vault, place)
            if sealed:
                store.store_keys(transaction, place, sealed)
        rotated += len(sealed)
        unreadable += len(keys) - len(sealed)
        if len(keys) < batch_keys:
            break
        last_row = keys[-1].row_id
    return Rotation(
        rotated=rotated,
        unreadable=unreadable,
        remaining=store.count_keys(deps.postgres, place, vault.prefix) - unreadable,
    )


def _seal(keys: list[StoredKey], vault: Vault, place: KeyPlace) -> dict[str, str]:
    """Return the keys that can be decrypted, sealed with the current key, by row."""
    return {
        key.row_id: vault.seal(plain_key, _bound_to(key, place), place.field)
        for key in keys
        if (plain_key := _open(key, vault, place)) is not None
    }


def _open(key: StoredKey, vault: Vault, place: KeyPlace) -> str | None:
    if not is_sealed(key.key):
        return key.key  # in plain text, from an older application
    try:
        return vault.open(key.key, _bound_to(key, place), place.field)
    except Unreadable:
        return None


def _bound_to(key: StoredKey, place: KeyPlace) -> str:
    return key.row_id if place.bound_to_row else ""
