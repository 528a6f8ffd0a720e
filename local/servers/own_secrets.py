"""Secrets that the local server makes for itself, once, and keeps."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

MAKERS: dict[str, Callable[[], str]] = {
    "ADMIN_PASSWORD": lambda: secrets.token_urlsafe(18),
    "CRON_SECRET": lambda: secrets.token_urlsafe(24),
    "ENCRYPTION_KEY": lambda: secrets.token_hex(32),
    "UPSTASH_REDIS_REST_TOKEN": lambda: secrets.token_urlsafe(24),
}


def own_secrets(folder: Path) -> dict[str, str]:
    """What `secrets.json` in the folder holds, completed; only its owner can read the file.

    Losing ENCRYPTION_KEY makes stored API keys unreadable, so the file is replaced as a whole or
    not at all, and a damaged one is an error and no reason to make new secrets.

    Raises:
        ValueError: If the file is not a JSON object of texts.
    """
    path = folder / "secrets.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
        raise ValueError(f"{path} is damaged")
    missing = {name: make() for name, make in MAKERS.items() if name not in kept}
    if missing:
        write_private(path, json.dumps(kept | missing, indent=2) + "\n")
    return kept | missing


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
