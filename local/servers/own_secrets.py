"""Secrets that the local server makes for itself, once, and keeps."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from local.servers.child import ServerError

MAKERS: dict[str, Callable[[], str]] = {
    "ADMIN_PASSWORD": lambda: secrets.token_urlsafe(18),
    "CRON_SECRET": lambda: secrets.token_urlsafe(24),
    "ENCRYPTION_KEY": lambda: secrets.token_hex(32),
    "UPSTASH_REDIS_REST_TOKEN": lambda: secrets.token_urlsafe(24),
}


def own_secrets(folder: Path) -> dict[str, str]:
    """Return what `secrets.json` in the folder holds, completed; only its owner can read the file.

    Losing ENCRYPTION_KEY makes stored API keys unreadable, so the file is replaced as a whole or
    not at all, and a damaged one is an error and no reason to make new secrets.

    Raises:
        ServerError: If the file cannot be read or is not a JSON object of texts.
    """
    path = folder / "secrets.json"
    kept = _read(path)
    missing = {name: make() for name, make in MAKERS.items() if name not in kept}
    if missing:
        write_private(path, json.dumps(kept | missing, indent=2) + "\n")
    return kept | missing


def _read(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ServerError(
            f"{path} cannot be read ({error.strerror}). It must be a file that you may read and "
            "write; check its owner and its rights."
        ) from None
    except json.JSONDecodeError as error:
        raise _damaged(path, f"it is not JSON: {error}") from None
    except UnicodeDecodeError:
        raise _damaged(path, "it is not UTF-8 text") from None
    if not isinstance(kept, dict):
        raise _damaged(path, "it is not a JSON object")
    wrong = [name for name, value in kept.items() if not isinstance(value, str) or not value]
    if wrong:
        raise _damaged(path, f"not a text or empty: {', '.join(wrong)}")
    return kept


def _damaged(path: Path, reason: str) -> ServerError:
    return ServerError(
        f"{path} is damaged ({reason}). Repair it or put a copy in its place: its ENCRYPTION_KEY "
        f"opens the API keys in the local database. Without a copy, move it away "
        f"(mv {path} {path}.damaged) and start again: new secrets are made, and API keys that "
        "were stored before have to be entered again."
    )


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
