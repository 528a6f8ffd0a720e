"""Secrets that the local server generates once and keeps."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from local.servers.child import ServerError

GENERATORS: dict[str, Callable[[], str]] = {
    "ADMIN_PASSWORD": lambda: secrets.token_urlsafe(18),
    "CRON_SECRET": lambda: secrets.token_urlsafe(24),
    "ENCRYPTION_KEY": lambda: secrets.token_hex(32),
    "UPSTASH_REDIS_REST_TOKEN": lambda: secrets.token_urlsafe(24),
}


def own_secrets(folder: Path) -> dict[str, str]:
    """Return the secrets in the folder's `secrets.json`, after adding those that are missing.

    Only its owner can read the file. Without ENCRYPTION_KEY, stored API keys cannot be read, so
    the file is replaced atomically, and a damaged file is an error and never overwritten.

    Raises:
        ServerError: If the file cannot be read or is not a JSON object of non-empty texts.
    """
    path = folder / "secrets.json"
    existing = _read(path)
    new_secrets = {
        name: generate() for name, generate in GENERATORS.items() if name not in existing
    }
    all_secrets = existing | new_secrets
    if new_secrets:
        write_private(path, json.dumps(all_secrets, indent=2) + "\n")
    return all_secrets


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ServerError(
            f"{path} cannot be read ({error.strerror}). It must be a file that you can read and "
            "write; check its owner and permissions."
        ) from None
    except json.JSONDecodeError as error:
        raise _damaged(path, f"it is not JSON: {error}") from None
    except UnicodeDecodeError:
        raise _damaged(path, "it is not UTF-8 text") from None
    if not isinstance(content, dict):
        raise _damaged(path, "it is not a JSON object")
    names = [name for name, value in content.items() if not isinstance(value, str) or not value]
    if names:
        raise _damaged(path, f"these are empty or not text: {', '.join(names)}")
    return content


def _damaged(path: Path, reason: str) -> ServerError:
    return ServerError(
        f"{path} is damaged ({reason}). Repair it or restore a copy: the API keys in the local "
        f"database are encrypted with its ENCRYPTION_KEY. Without a copy, move it away "
        f"(mv {path} {path}.damaged) and start again: new secrets are generated, and the API keys "
        "have to be entered again."
    )


def write_private(path: Path, text: str) -> None:
    """Write a file atomically, readable by its owner alone."""
    new_file = path.with_name(f".{path.name}.new")
    new_file.unlink(missing_ok=True)
    descriptor = os.open(new_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new_file.replace(path)
