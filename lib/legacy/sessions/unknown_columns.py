"""Secrets in columns that the schema does not have: encrypted before they are kept."""

import json
import re
from typing import TYPE_CHECKING, Any

from lib.errors import Unreadable
from lib.legacy.sessions import store
from lib.text.redaction import FORMAT_MARKS, matches_secret_format
from lib.vault import AUTH_TOKEN_FIELD, LEGACY_FIELD, Vault, is_sealed

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

PRIVATE_NAME = (
    "auth_?token|access_?token|refresh_?token|api_?key|private_?key|secret|password|passwd"
    "|credential|account_?sid"
)
PRIVATE_FORMAT = "(AC|SK)[0-9a-f]{32}|xox[abprs]-|-----BEGIN"
"""Formats of secrets in addition to those of lib/text/redaction.py; matched in any case."""
_MARKS = "|".join(map(re.escape, FORMAT_MARKS))
_NAME = re.compile(PRIVATE_NAME, re.IGNORECASE)
_FORMAT = re.compile(PRIVATE_FORMAT, re.IGNORECASE)


def seal_unknown_columns(transaction: "Transaction", vault: Vault) -> None:
    """Encrypt the batch's values of unknown columns that are secrets by name or by format.

    The same secret is always encrypted to the same text, so that a repeated migration finds nothing
    to change.
    """
    store.seal_unknown(
        transaction,
        f"{PRIVATE_NAME}|{PRIVATE_FORMAT}|{_MARKS}",
        lambda token, values: _sealed(values, token, vault, secret=False),
    )


def fill_auth_tokens(transaction: "Transaction", vault: Vault, *, at_once: int) -> None:
    """Store the Twilio auth tokens of new sessions in `extra`, as `student-config-save` does."""
    store.fill_auth_tokens(
        transaction, lambda token, text: _sealed_for_extra(text, token, vault), at_once
    )


def _sealed_for_extra(text: str, token: str, vault: Vault) -> str | None:
    try:
        auth_token = vault.open(text, token, LEGACY_FIELD) if is_sealed(text) else text
    except Unreadable:
        return None
    return vault.seal(auth_token, token, AUTH_TOKEN_FIELD)


def _sealed(value: Any, token: str, vault: Vault, *, secret: bool) -> Any:
    """Return the value with its secrets encrypted; all of it if `secret` is set."""
    if isinstance(value, dict):
        return {
            name: _sealed(part, token, vault, secret=secret or bool(_NAME.search(name)))
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_sealed(part, token, vault, secret=secret) for part in value]
    if value is None or isinstance(value, bool) or value == "":
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    if is_sealed(text):
        return _resealed(text, token, vault)
    if not (
        secret or _FORMAT.search(text) or matches_secret_format(text) or _has_secret_member(text)
    ):
        return value
    return vault.seal_repeatably(text, token, LEGACY_FIELD)


def _has_secret_member(text: str) -> bool:
    """Return whether a text is JSON with a member whose name is that of a secret."""
    if not text.lstrip().startswith(("[", "{")) or not _NAME.search(text):
        return False
    try:
        parts_to_search = [json.loads(text)]
    except (ValueError, RecursionError):
        return False
    while parts_to_search:
        part = parts_to_search.pop()
        if isinstance(part, dict):
            if any(value and _NAME.search(name) for name, value in part.items()):
                return True
            parts_to_search += part.values()
        elif isinstance(part, list):
            parts_to_search += part
    return False


def _resealed(text: str, token: str, vault: Vault) -> str:
    """Encrypt a text of the old application again, so that key rotations find it.

    A text that no key opens is returned unchanged.
    """
    try:
        return vault.seal_repeatably(vault.open(text, token, LEGACY_FIELD), token, LEGACY_FIELD)
    except Unreadable:
        return text
