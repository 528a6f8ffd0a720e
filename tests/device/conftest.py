"""Fixtures of devices: a real server, and folders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, ENCRYPTION_KEY
from tests.device.devices import furnish, opened
from tests.support.local_server import LocalServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a device that knows its user and has questions."""
    path = tmp_path / "device"
    with opened(path) as database:
        furnish(database)
    return path


@pytest.fixture
def server(postgres_url: str) -> Iterator[LocalServer]:
    """A server in a process of its own, with an empty database."""
    server = LocalServer(
        {
            "POSTGRES_URL": postgres_url,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "CRON_SECRET": CRON_SECRET,
            "ENCRYPTION_KEY": ENCRYPTION_KEY,
        }
    )
    yield server
    server.stop()
