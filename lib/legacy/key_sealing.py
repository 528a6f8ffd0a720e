"""API keys of a batch: those in the clear are encrypted, and of two for one session one stays."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lib.database.queries import load_queries
from lib.database.rows import server_cursor
from lib.errors import Unreadable
from lib.vault import API_KEY_FIELD, Vault, is_sealed

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

KEYS_AT_ONCE = 5_000

OLDER = "the session has a key of its own that is newer: this one was not taken"
LOST = "does not open with this ENCRYPTION_KEY: the session's own key stays"
NEWER = "newer than the session's own key: took its place"

_queries = load_queries("legacy/sessions.sql")
Rival = tuple[str, bool, str | None]
"""Token, whether the session's own key stays, and what to tell of it."""


def seal_keys(transaction: "Transaction", vault: Vault, *, known: bool) -> int:
    """Encrypt the batch's keys that are in the clear; the unified tables never see them so.

    Args:
        transaction: The batch's, staged.
        vault: Seals with the current key, and opens the keys of both sides.
        known: Whether sessions of the batch are there already, perhaps with keys of their own.

    Returns:
        How many keys were encrypted.
    """
    if known:
        transaction.execute(_queries["keep_removed_keys"])
        _copy_through(
            transaction,
            ("rival_keys", "copy_rivals"),
            lambda row: _judge(vault, *row),
        )
    return _copy_through(
        transaction,
        ("clear_keys", "copy_sealed"),
        lambda row: (row[0], vault.seal(row[1], row[0], API_KEY_FIELD)),
    )


def _copy_through(
    transaction: "Transaction", names: tuple[str, str], change: Callable[[Any], tuple[Any, ...]]
) -> int:
    """Read rows of one query, change each, and copy them in by another; how many."""
    connection, (source, target), count = transaction.connection, names, 0
    with server_cursor(connection, source) as cursor:
        cursor.execute(_queries[source].text)
        for rows in iter(lambda: cursor.fetchmany(KEYS_AT_ONCE), []):
            with connection.cursor().copy(_queries[target].text) as copy:
                for row in rows:
                    copy.write_row(change(row))
            count += len(rows)
    return count


def _judge(vault: Vault, token: str, legacy: str, own: str, newer: bool) -> Rival:
    plain = _open(vault, legacy, token)
    if plain is not None and plain == _open(vault, own, token):
        return token, True, None
    if plain is None:
        return token, True, LOST
    return token, not newer, NEWER if newer else OLDER


def _open(vault: Vault, text: str, token: str) -> str | None:
    """The key in the clear; None if it cannot be read."""
    if not is_sealed(text):
        return text
    try:
        return vault.open(text, token, API_KEY_FIELD)
    except Unreadable:
        return None
