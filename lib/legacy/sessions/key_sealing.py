"""API keys of a batch: encryption of plain keys, and the decision between two keys of a session."""

from typing import TYPE_CHECKING

from lib.errors import Unreadable
from lib.legacy.sessions import store
from lib.legacy.sessions.store import KeyDecision, KeyPair
from lib.vault import ACCOUNT_FIELD, API_KEY_FIELD, Vault, is_sealed

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

OLDER = "the session has a newer key of its own: this key was not used"
UNREADABLE = "cannot be decrypted with ENCRYPTION_KEY: the session keeps its own key"
NEWER = "newer than the session's own key: replaced it"


def seal_keys(transaction: "Transaction", vault: Vault, *, any_stored: bool, at_once: int) -> int:
    """Encrypt the batch's plain API keys and Twilio accounts before the unified tables get them.

    Encrypted keys that cannot be decrypted are reported.

    Args:
        transaction: The transaction in which the batch is staged.
        vault: Seals with the current key, and opens legacy and stored keys.
        any_stored: Whether sessions of the batch are stored already, perhaps with keys.
        at_once: Maximum number of keys in memory.

    Returns:
        Number of keys that were encrypted.
    """
    if any_stored:
        store.keep_out_removed_keys(transaction)
        store.resolve_key_conflicts(transaction, lambda pair: _decide(vault, pair), at_once)
    store.report_unreadable_keys(
        transaction, lambda token, key: _open(vault, key, token) is not None, at_once
    )
    store.seal_accounts(transaction, vault.seal_account)
    return store.seal_plain_keys(
        transaction, lambda token, key: vault.seal(key, token, API_KEY_FIELD), at_once
    )


def report_other_accounts(transaction: "Transaction", vault: Vault, *, at_once: int) -> None:
    """Report Twilio accounts of rows whose student has another one; two cannot be stored."""

    def is_same(account: str, stored: str | None) -> bool:
        plaintext = _open_account(vault, account)
        return stored is not None and plaintext == _open_account(vault, stored)

    store.report_other_accounts(transaction, is_same, at_once)


def _open_account(vault: Vault, account: str) -> str:
    """Return the account in plain text, or as it is if it cannot be decrypted."""
    try:
        return vault.open(account, "", ACCOUNT_FIELD) if is_sealed(account) else account
    except Unreadable:
        return account


def _decide(vault: Vault, pair: KeyPair) -> KeyDecision:
    legacy_key = _open(vault, pair.legacy_key, pair.session_token)
    if legacy_key is None:
        return KeyDecision(keeps_stored=True, reason=UNREADABLE)
    if legacy_key == _open(vault, pair.stored_key, pair.session_token):
        return KeyDecision(keeps_stored=True, reason=None)
    if pair.legacy_is_newer:
        return KeyDecision(keeps_stored=False, reason=NEWER)
    return KeyDecision(keeps_stored=True, reason=OLDER)


def _open(vault: Vault, key: str, token: str) -> str | None:
    """Return the key in plain text, None if it cannot be decrypted."""
    if not is_sealed(key):
        return key
    try:
        return vault.open(key, token, API_KEY_FIELD)
    except Unreadable:
        return None
