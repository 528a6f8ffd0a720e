"""`make seed-legacy`: load a small, untidy legacy database, to try the migration on."""

import base64
import json
import secrets
import sys
from pathlib import Path
from typing import Any

from lib.database.queries import load_queries
from lib.deps import Deps
from lib.errors import AppError
from lib.settings import Settings
from local.servers.running import dev_url

FOLDER = Path(__file__).parent
ENCRYPTED = "encrypted:"
"""Prefix of keys in legacy.json that are stored in the old application's encrypted format."""
_queries = load_queries(str(FOLDER / "legacy.sql"))


def load_legacy(deps: Deps) -> dict[str, int] | None:
    """Create the legacy tables with their rows; return the number of rows by table.

    Returns:
        None if one of the tables exists, since it may hold somebody's data.
    """
    rows: dict[str, list[dict[str, Any]]] = json.loads(
        (FOLDER / "legacy.json").read_text(encoding="utf-8")
    )
    with deps.postgres.transaction() as transaction:
        if transaction.fetch_value(_queries["any_legacy_table"]):
            return None
        transaction.execute_script((FOLDER / "legacy_tables.sql").read_text(encoding="utf-8"))
        return {
            table: transaction.execute(
                _queries[f"add_{table}"], {"rows": json.dumps(_with_keys(table_rows, deps))}
            )
            for table, table_rows in rows.items()
        }


def _with_keys(rows: list[dict[str, Any]], deps: Deps) -> list[dict[str, Any]]:
    """Encrypt the keys with the prefix ENCRYPTED, as the old application did."""
    key = bytes.fromhex(deps.settings.encryption_key or secrets.token_hex(32))
    return [
        {
            name: _old_format(value.removeprefix(ENCRYPTED), key)
            if isinstance(value, str) and value.startswith(ENCRYPTED)
            else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _old_format(text: str, key: bytes) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(16)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), None)
    parts = (nonce, sealed[-16:], sealed[:-16])
    return ":".join(base64.b64encode(part).decode() for part in parts)


def main() -> int:
    """Load the tables into the database that the environment names; return the exit code."""
    deps = Deps(Settings.from_env())
    try:
        rows = load_legacy(deps)
    except AppError as error:
        print(f"The legacy tables could not be loaded: {error}", file=sys.stderr)
        return 1
    finally:
        deps.close()
    if rows is None:
        print("There are legacy tables already: nothing was changed")
    else:
        print("Rows added: " + ", ".join(f"{table} {count}" for table, count in rows.items()))
    print(f"Now follow docs/migration.md with APP={dev_url()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
