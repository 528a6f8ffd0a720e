"""The user's tokens at the server, and the device's own secrets; no password and no hash of one."""

import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from device.folder import Folder
from local.servers.own_secrets import write_private


@dataclass(frozen=True)
class Account:
    """The server and the user's tokens there."""

    server: str | None = None
    """Address of the server."""
    access_token: str | None = None
    refresh_token: str | None = None

    def with_tokens(self, tokens: Mapping[str, Any]) -> Self:
        """Return the account with the tokens of a response."""
        return replace(
            self,
            access_token=str(tokens["access_token"]),
            refresh_token=str(tokens["refresh_token"]),
        )

    def without_tokens(self) -> Self:
        """Return the account without tokens, since the log-in has ended."""
        return replace(self, access_token=None, refresh_token=None)


class AccountFile:
    """The file of the account, which its owner alone can read."""

    def __init__(self, folder: Folder) -> None:
        self._path = folder.account
        self._lock = threading.Lock()
        self._account = self._load()

    def read(self) -> Account:
        """Return the account."""
        with self._lock:
            return self._account

    def write(self, account: Account) -> None:
        """Store the account."""
        with self._lock:
            write_private(self._path, json.dumps(asdict(account), indent=2) + "\n")
            self._account = account

    def _load(self) -> Account:
        """Return the stored account; one without server and tokens if the file cannot be read."""
        try:
            return Account(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Account()


@dataclass(frozen=True)
class DeviceSecrets:
    """Secrets that the device makes for itself."""

    encryption_key: str
    """Master key; the key that signs the device's own tokens is derived from it."""
    code: str
    """Secret that replaces the password while the server is away."""


def device_secrets(folder: Folder) -> DeviceSecrets:
    """Return the secrets of the device; new ones if there are none, or the file is damaged.

    If the old secrets are lost, the user has to log in again, and nothing else is lost.
    """
    try:
        return DeviceSecrets(**json.loads(folder.secrets.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        new_secrets = DeviceSecrets(secrets.token_hex(32), secrets.token_urlsafe(9))
        write_private(folder.secrets, json.dumps(asdict(new_secrets), indent=2) + "\n")
        return new_secrets
