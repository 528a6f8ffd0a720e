"""Exclusive use of the local data by one command, or by `make dev`, which lends its servers."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from local.servers.child import FolderLock, ServerError
from local.servers.own_secrets import write_private

PORT = 5300
URL_NAME = "STEPWISE_URL"
"""Environment variable that gives a program the address of the running `make dev`."""
CLAIM_SECONDS = 120.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class RunningDev:
    """A running `make dev`.

    Attributes:
        pid: Process id.
        url: Address.
        environment: Environment variables for reaching its services, including secrets.
    """

    pid: int
    url: str
    environment: dict[str, str]


def claim(folder: Path) -> FolderLock | RunningDev:
    """Return a lock on the folder, or the running `make dev` that holds it.

    Wait while another command holds the lock, or while `make dev` starts or stops.

    Raises:
        ServerError: If neither is available in time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + CLAIM_SECONDS
    while True:
        try:
            lock = FolderLock(folder).acquire(seconds=0)
        except ServerError:
            if dev := _read(folder):
                return dev
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
        else:
            _file(folder).unlink(missing_ok=True)  # left by a `make dev` that was killed
            return lock


def announce(folder: Path, url: str, environment: dict[str, str]) -> None:
    """Tell other commands that `make dev` is running; the caller must hold the lock."""
    dev = RunningDev(os.getpid(), url, environment)
    write_private(_file(folder), json.dumps(asdict(dev), indent=2) + "\n")


def withdraw(folder: Path) -> None:
    """Tell other commands that `make dev` is about to stop."""
    _file(folder).unlink(missing_ok=True)


def dev_url() -> str:
    """Return the address of the running `make dev`, or the one that its next start would have."""
    return os.environ.get(URL_NAME) or f"http://127.0.0.1:{os.environ.get('PORT') or PORT}"


def _read(folder: Path) -> RunningDev | None:
    try:
        return RunningDev(**json.loads(_file(folder).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _file(folder: Path) -> Path:
    return folder / "running.json"
