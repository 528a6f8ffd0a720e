"""Fixtures of devices: a real server, and folders."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local.servers.postgres_server import PostgresServer
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, ENCRYPTION_KEY
from tests.device.devices import furnish, opened
from tests.support.local_server import LocalServer
from tests.support.memory import folder_in_memory


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory, since each answer is synced to the disk twice."""
    with folder_in_memory() as folder:
        yield folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a device that knows its user and has questions."""
    path = tmp_path / "device"
    with opened(path) as database:
        furnish(database)
    return path


@pytest.fixture(scope="session")
def _database_url(postgres_server: PostgresServer) -> str:
    return postgres_server.create_database("devices", "migrated")


@pytest.fixture(scope="session")
def _shared_server(_database_url: str) -> Iterator[LocalServer]:
    server = LocalServer(_environment(_database_url))
    yield server
    server.stop()


@pytest.fixture
def postgres_url(_database_url: str) -> str:
    """The servers' database, without users and content."""
    with psycopg.connect(_database_url) as connection:
        connection.execute("TRUNCATE learning.users, learning.topics CASCADE")
    return _database_url


@pytest.fixture
def server(_shared_server: LocalServer, postgres_url: str) -> LocalServer:  # noqa: ARG001 it empties the database
    """A server that runs for all tests, with an empty database."""
    return _shared_server


@pytest.fixture
def own_server(postgres_url: str) -> Iterator[LocalServer]:
    """A server that the test may stop, with an empty database."""
    server = LocalServer(_environment(postgres_url))
    yield server
    server.stop()


def _environment(url: str) -> dict[str, str]:
    return {
        "POSTGRES_URL": url,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "CRON_SECRET": CRON_SECRET,
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
        "WRITE_LIMITS": "off",  # one student logs in at many devices
    }
