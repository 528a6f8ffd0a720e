"""A row of a backup as JSON, with its secrets encrypted in the file."""

import json
import re
from collections.abc import Iterator

from lib.errors import Unreadable
from lib.operations.backups.file_format import (
    json_binding,
    key_binding,
    sealed_json_name,
    sealed_name,
    token_column,
)
from lib.operations.errors import BackupUnreadable
from lib.text.redaction import SECRET_NAME, holds_secret
from lib.vault import Vault, is_sealed

_JSON_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],]|[^"{}\[\],]++', re.DOTALL)
_SEALED_MEMBERS = re.compile(r'(?:"(?:[^"\\]|\\.)+:sealed(?:-json)?": "v1\.[\w.-]+"(?:, )?)+}\s*$')


def write(
    table: str,
    text: str,
    secrets: dict[str, str],
    token: str | None,
    vault: Vault,
    *,
    search_columns: bool,
) -> bytes:
    """Return a row as a line of the backup.

    Args:
        table: Name of the table.
        text: The row as JSON, without the columns of `secrets`. JSON in an array or domain is as it
            was stored, so its line breaks, which occur only between tokens of JSON, become spaces.
        secrets: Values of the columns that are named after secrets.
        token: Identifier of the row.
        vault: Vault that encrypts the secrets.
        search_columns: Whether to search each column even if `text` seems to hold no secret,
            because a column of another type than text is named after a secret.
    """
    text = text.replace("\r", " ").replace("\n", " ")
    unchanged: dict[str, str] = {}
    sealed: dict[str, str] = {}
    if search_columns or holds_secret(text):
        text, sealed = _without_secrets(table, text, vault)
    for column, secret in secrets.items():
        if is_sealed(secret) or not secret.strip():
            unchanged[column] = secret
        else:
            sealed[sealed_name(column)] = vault.seal(
                secret, token or "", key_binding(table, column)
            )
    if not unchanged and not sealed:
        return f"{text}\n".encode()
    comma = "" if text == "{}" else ", "
    return f"{text[:-1]}{comma}{json.dumps(unchanged | sealed)[1:]}\n".encode()


def read(line: bytes, table: str, vault: Vault) -> str:
    """Return a row as JSON with its secrets in plain text.

    Raises:
        BackupUnreadable: If they were encrypted with another key.
    """
    text = line.decode()
    match = _SEALED_MEMBERS.search(text)
    if match is None:
        return text
    members = json.loads("{" + match[0])
    row_start = text[: match.start()]
    try:
        for name, sealed in members.items():
            if column := _without_suffix(name, sealed_json_name("")):
                value = vault.open(sealed, "", json_binding(table, column))
                row_start += f"{json.dumps(column)}: {value}, "
        token = _row_token(row_start, table)
        for name, sealed in members.items():
            if column := _without_suffix(name, sealed_name("")):
                value = vault.open(sealed, token, key_binding(table, column))
                row_start += f"{json.dumps(column)}: {json.dumps(value)}, "
    except Unreadable as error:
        raise BackupUnreadable(
            reason="its API keys were encrypted with another ENCRYPTION_KEY"
        ) from error
    return row_start.removesuffix(", ") + "}"


def _without_secrets(table: str, text: str, vault: Vault) -> tuple[str, dict[str, str]]:
    """Return the row without the columns that hold secrets, and their values, encrypted."""
    members: list[str] = []
    sealed: dict[str, str] = {}
    for name, value in _members(text):
        member = f"{json.dumps(name, ensure_ascii=False)}:{value}"
        has_secret_name = SECRET_NAME.search(name) and value.startswith(('"', "{", "["))
        if has_secret_name or holds_secret(member):
            binding = json_binding(table, name)
            sealed[sealed_json_name(name)] = vault.seal(value, "", binding)
        else:
            members.append(member)
    return "{" + ",".join(members) + "}", sealed


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the JSON of each member, exactly as it stands in the text."""
    depth, start = 0, 1
    for json_token in _JSON_TOKEN.finditer(text):
        opening, closing = json_token[0] in {"{", "["}, json_token[0] in {"}", "]"}
        if depth == 1 and (json_token[0] == "," or closing) and json_token.start() > start:
            yield _member(text[start : json_token.start()])
            start = json_token.end()
        depth += opening - closing


def _member(text: str) -> tuple[str, str]:
    name, end = json.JSONDecoder().raw_decode(text.lstrip())
    return name, text.lstrip()[end:].lstrip().removeprefix(":").strip()


def _without_suffix(name: str, suffix: str) -> str | None:
    """Return the name without the suffix; None if it does not end with it."""
    return name.removesuffix(suffix) if name.endswith(suffix) else None


def _row_token(row_start: str, table: str) -> str:
    """Return a row's identifier from the beginning of its JSON; empty if it has none."""
    token = json.loads(row_start.removesuffix(", ") + "}").get(token_column(table))
    return "" if token is None else str(token)
