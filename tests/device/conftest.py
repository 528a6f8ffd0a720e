"""Fixtures of devices: a real server, and folders."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lib.database.queries import load_script
from lib.deps import Deps
from lib.learning.database import postgres_session, sqlite_session
from lib.settings import Settings
from local.servers.postgres_server import PostgresServer
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, ENCRYPTION_KEY
from tests.device.devices import fill_database, folder_database, store_syllabus
from tests.device.histories import Sessions
from tests.support.local_server import LocalServer
from tests.support.memory import folder_in_memory


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory, since each answer is synced to the disk twice."""
    with folder_in_memory() as folder:
        yield folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a device with a user and questions."""
    path = tmp_path / "device"
    with folder_database(path) as database:
        fill_database(database)
    return path


@pytest.fixture
def sqlite_sessions(tmp_path: Path) -> Iterator[Sessions]:
    """Function that opens sessions of a server on SQLite."""
    deps = Deps(Settings(sqlite_url=f"sqlite:///{tmp_path / 'server.db'}"))
    with sqlite_session(deps) as db:
        connection = db.connection().connection.driver_connection
        assert connection is not None
        connection.rollback()
        connection.executescript(load_script("learning/schema/sqlite_tables.sql"))
        store_syllabus(db)
        db.commit()
    yield lambda: sqlite_session(deps)
    deps.close()


@pytest.fixture
def postgres_sessions(
    postgres_url: str,
) -> Iterator[Sessions]:
    """Function that opens sessions of a server on Postgres."""
    deps = Deps(Settings(postgres_url=postgres_url))
    with postgres_session(deps) as db:
        store_syllabus(db)
        db.commit()
    yield lambda: postgres_session(deps)
    deps.close()


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    """The database of a device that has nothing yet."""
    with folder_database(tmp_path / "blank"):
        pass
    (tmp_path / "blank" / "identity.json").unlink()
    return tmp_path / "blank" / "local.db"


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
