"""The rotation of the encryption key, which seals stored secrets with the current key."""

import re
import time
from dataclasses import dataclass
from typing import Any

from lib.database.advisory_lock import lock_and_limit
from lib.deps import Deps
from lib.errors import Unreadable
from lib.operations.keys import store
from lib.operations.keys.store import KeptValues, KeyPlace, StoredKey
from lib.vault import LEGACY_FIELD, Vault, is_sealed

BATCH_KEYS = 1_000
CALL_SECONDS = 18.0


@dataclass(frozen=True)
class Rotation:
    """The result of one call."""

    rotated: int
    unreadable: int
    remaining: int
    """Number of readable keys that are not yet sealed with the current encryption key."""


def rotate(
    deps: Deps, call_seconds: float = CALL_SECONDS, batch_keys: int = BATCH_KEYS
) -> Rotation:
    """Seal keys with the current encryption key, each batch in a transaction of its own.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock`.
    """
    vault = Vault.from_settings(deps.settings)
    deadline = time.monotonic() + call_seconds
    rotated = unreadable = remaining = 0
    for place in (store.API_KEYS, store.ACCOUNTS, store.AUTH_TOKENS):
        rotation = _rotate(deps, vault, place, deadline, batch_keys)
        rotated += rotation.rotated
        unreadable += rotation.unreadable
        remaining += rotation.remaining
    rotation = _rotate_kept_values(deps, vault, deadline, batch_keys)
    return Rotation(
        rotated=rotated + rotation.rotated,
        unreadable=unreadable + rotation.unreadable,
        remaining=remaining + rotation.remaining,
    )


def _rotate_kept_values(deps: Deps, vault: Vault, deadline: float, batch_sessions: int) -> Rotation:
    """Seal the secrets that the migration kept from columns that the schema does not have."""
    pattern = f'"{vault.other_prefixes}'
    rotated = unreadable = 0
    last_token = ""
    while time.monotonic() < deadline:
        with deps.postgres.transaction() as transaction:
            lock_and_limit(transaction)
            sessions = store.next_kept_values(transaction, pattern, last_token, batch_sessions)
            for session in sessions:
                sealing = _SessionSealing(vault, session.session_token)
                values = sealing.reseal(session.values)
                if sealing.rotated:
                    store.store_kept_values(transaction, KeptValues(session.session_token, values))
                rotated += sealing.rotated
                unreadable += sealing.unreadable
        if len(sessions) < batch_sessions:
            break
        last_token = sessions[-1].session_token
    remaining = store.count_kept_texts(deps.postgres, pattern) - unreadable
    return Rotation(rotated=rotated, unreadable=unreadable, remaining=remaining)


@dataclass
class _SessionSealing:
    """The resealing of one session's kept texts, with the numbers resealed and unreadable."""

    vault: Vault
    session_token: str
    rotated: int = 0
    unreadable: int = 0

    def reseal(self, value: Any) -> Any:
        """Return the value with its sealed texts resealed with the current key."""
        if isinstance(value, dict):
            return {name: self.reseal(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.reseal(part) for part in value]
        if not isinstance(value, str) or not re.match(self.vault.other_prefixes, value):
            return value
        try:
            plaintext = self.vault.open(value, self.session_token, LEGACY_FIELD)
        except Unreadable:
            self.unreadable += 1
            return value
        self.rotated += 1
        return self.vault.seal_repeatably(plaintext, self.session_token, LEGACY_FIELD)


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
