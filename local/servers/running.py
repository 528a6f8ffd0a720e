"""Who uses the local data: one `make dev` or one command at a time, and how others join it."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from local.servers.child import FolderLock, ServerError
from local.servers.own_secrets import write_private

PORT = 5300
URL_NAME = "STEPWISE_URL"
"""Tells a command where the `make dev` beside it answers."""
WAIT_SECONDS = 120.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Running:
    """A `make dev` that is up.

    Attributes:
        pid: Its process number.
        url: Where it answers.
        environment: The names and values that lead to its services; secrets included.
    """

    pid: int
    url: str
    environment: dict[str, str]


def claim(folder: Path) -> FolderLock | Running:
    """The right to start servers on the folder, or the `make dev` that has it.

    Waits while another command has it, or while a `make dev` is starting or stopping.

    Raises:
        ServerError: If that takes too long.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            lock = FolderLock(folder).acquire(seconds=0)
        except ServerError:
            if running := _read(folder):
                return running
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
        else:
            _file(folder).unlink(missing_ok=True)  # of one that was killed
            return lock


def announce(folder: Path, url: str, environment: dict[str, str]) -> None:
    """Say that a `make dev` is up; for who holds the claim."""
    running = Running(os.getpid(), url, environment)
    write_private(_file(folder), json.dumps(asdict(running), indent=2) + "\n")


def withdraw(folder: Path) -> None:
    """Say that it is about to stop."""
    _file(folder).unlink(missing_ok=True)


def dev_url() -> str:
    """Where `make dev` answers, or will when it is started with this environment."""
    return os.environ.get(URL_NAME) or f"http://127.0.0.1:{os.environ.get('PORT') or PORT}"


def _read(folder: Path) -> Running | None:
    try:
        return Running(**json.loads(_file(folder).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _file(folder: Path) -> Path:
    return folder / "running.json"
