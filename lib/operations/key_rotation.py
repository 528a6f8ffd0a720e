"""Keys that were sealed with an earlier encryption key, or in the old format: sealed anew."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.database.advisory_lock import lock_tables
from lib.database.queries import load_queries
from lib.deps import Deps
from lib.errors import Unreadable
from lib.vault import API_KEY_FIELD, Vault, is_sealed

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

BATCH = 1_000
CALL_SECONDS = 18.0
_queries = load_queries("operations/key_rotation.sql")


@dataclass(frozen=True)
class Rotation:
    """What one call did."""

    rotated: int
    unreadable: int
    remaining: int
    """Keys that are still under another encryption key and were not seen to be unreadable."""


@dataclass(frozen=True)
class _Key:
    session_token: str
    openai_api_key: str


def rotate(deps: Deps, call_seconds: float = CALL_SECONDS) -> Rotation:
    """Seal batch after batch with the current key; each is a transaction of its own.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing.
        AlreadyRunning: If a migration, clean-up or restore runs.
    """
    vault = Vault.from_settings(deps.settings)
    deadline = time.monotonic() + call_seconds
    rotated = unreadable = 0
    after = ""
    while time.monotonic() < deadline:
        with deps.postgres.transaction() as transaction:
            lock_tables(transaction)
            keys = transaction.fetch_all(
                _queries["next_keys"],
                {"prefix": vault.prefix, "after": after, "limit": BATCH},
                _Key,
            )
            sealed = _seal_anew(transaction, keys, vault)
        rotated += sealed
        unreadable += len(keys) - sealed
        if len(keys) < BATCH:
            break
        after = keys[-1].session_token
    left = deps.postgres.fetch_value(_queries["count_left"], {"prefix": vault.prefix}, read=True)
    return Rotation(rotated, unreadable, left - unreadable)


def _seal_anew(transaction: "Transaction", keys: list[_Key], vault: Vault) -> int:
    """Store those that can be read; return how many."""
    opened = [
        (key.session_token, plain) for key in keys if (plain := _open(key, vault)) is not None
    ]
    if opened:
        params = {
            "tokens": [token for token, _ in opened],
            "keys": [vault.seal(plain, token, API_KEY_FIELD) for token, plain in opened],
        }
        transaction.execute(_queries["store_keys"], params)
        transaction.execute(_queries["keep_times"], {"tokens": params["tokens"]})
    return len(opened)


def _open(key: _Key, vault: Vault) -> str | None:
    if not is_sealed(key.openai_api_key):
        return key.openai_api_key  # in the clear: an older application wrote it
    try:
        return vault.open(key.openai_api_key, key.session_token, API_KEY_FIELD)
    except Unreadable:
        return None
