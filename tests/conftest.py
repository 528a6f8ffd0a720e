"""Fixtures of all tests: a real Postgres, a real Redis behind the REST gateway, and clients.

The environment is emptied first. Each worker runs its own servers, and each test gets a copy of a
migrated database in which no other test has written.
"""

import os
import sys

for _name in list(os.environ):  # before the project reads it
    if (
        _name.startswith(
            (
                *("POSTGRES_", "DATABASE_", "SQLITE_", "SUPABASE_", "UPSTASH_", "KV_"),
                *("VERCEL", "AWS_", "STEPWISE_"),
            )
        )
        and _name != "STEPWISE_NO_SKIP"
    ):
        del os.environ[_name]
for _name in (
    *("ADMIN_PASSWORD", "INSTRUCTOR_PASSWORD", "CRON_SECRET"),
    *("ENCRYPTION_KEY", "ENCRYPTION_KEY_PREVIOUS"),
):
    os.environ.pop(_name, None)
# Byte code is written whatever the environment says: tests start hundreds of processes.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Each worker keeps a core busy; more threads would only wait for it.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections.abc import Callable, Iterator  # noqa: E402 the environment comes first
from contextlib import closing, contextmanager  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402

import psycopg  # noqa: E402
import pytest  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402
from hypothesis import HealthCheck  # noqa: E402
from hypothesis import settings as hypothesis_settings  # noqa: E402

from lib.database.schema import schema_scripts  # noqa: E402
from lib.deps import Deps, install_deps  # noqa: E402
from lib.settings import Settings  # noqa: E402
from lib.web.functions import function_app  # noqa: E402
from local.redis_gateway.gateway import Gateway, running_gateway  # noqa: E402
from local.servers.postgres_server import PostgresServer, running_postgres  # noqa: E402
from local.servers.redis_server import RedisServer, running_redis  # noqa: E402
from tests.support.databases import Databases  # noqa: E402
from tests.support.declared_errors import with_declared_errors  # noqa: E402
from tests.support.memory import folder_in_memory  # noqa: E402
from tests.support.postgres_proxy import PostgresProxy, running_proxy  # noqa: E402

pytest_plugins = [
    "tests.support.no_skips",
    "tests.support.scheduling",
    "tests.support.temporary_files",
]

hypothesis_settings.register_profile(
    "stepwise",
    deadline=None,  # the machine may be busy
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.load_profile("stepwise")

ADMIN_PASSWORD = "a password for the tests"
INSTRUCTOR_PASSWORD = "a password for instructors"
CRON_SECRET = "a secret for the tests' cron"
ENCRYPTION_KEY = "0123456789abcdef" * 4


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """This worker's Postgres, with a migrated database as a template."""
    with folder_in_memory() as folder, running_postgres(folder) as server:
        url = server.create_database("migrated")
        with psycopg.connect(url) as connection:
            for _, script in schema_scripts():
                connection.execute(script.encode())
        # A new connection, because the first one drops its temporary functions only when it closes.
        # Frozen rows need no hint bits, so reading a copy does not write.
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM FREEZE")
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """This worker's Redis."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def _gateway(redis_server: RedisServer) -> Iterator[Gateway]:
    with running_gateway(redis_server) as gateway:
        yield gateway


@pytest.fixture
def redis_gateway(_gateway: Gateway, redis_server: RedisServer) -> Iterator[Gateway]:
    """The REST gateway of an empty Redis, without faults."""
    with redis_server.client() as client:
        client.flushall()
    yield _gateway
    _gateway.faults.clear()


@pytest.fixture(scope="session")
def databases(postgres_server: PostgresServer) -> Iterator[Databases]:
    """Databases on this worker's Postgres."""
    with closing(Databases(postgres_server)) as databases:
        yield databases


@pytest.fixture
def empty_postgres_url(databases: Databases) -> Iterator[str]:
    """An empty database."""
    with databases.copy() as url:
        yield url


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """A copy of the migrated database."""
    with databases.copy("migrated") as url:
        yield url


@pytest.fixture
def settings(postgres_url: str, redis_gateway: Gateway, tmp_path: Path) -> Settings:
    """Complete settings of a deployment, on the local platform."""
    return Settings(
        postgres_url=postgres_url,
        migration_url=postgres_url,
        redis_url=redis_gateway.url,
        redis_token=redis_gateway.token,
        admin_password=ADMIN_PASSWORD,
        instructor_password=INSTRUCTOR_PASSWORD,
        cron_secret=CRON_SECRET,
        encryption_key=ENCRYPTION_KEY,
        backup_folder=str(tmp_path / "backups"),
    )


@pytest.fixture
def deps(settings: Settings) -> Iterator[Deps]:
    """The process's dependencies for the length of a test."""
    with installed_deps(settings) as deps:
        yield deps


@pytest.fixture
def postgres_proxy(postgres_url: str) -> Iterator[PostgresProxy]:
    """A proxy in front of the test's database."""
    with running_proxy(postgres_url) as proxy:
        yield proxy


@pytest.fixture
def deps_behind_proxy(postgres_proxy: PostgresProxy, settings: Settings) -> Iterator[Deps]:
    """The process's dependencies, which reach the database through `postgres_proxy`."""
    with installed_deps(replace(settings, postgres_url=postgres_proxy.url)) as deps:
        yield deps


@contextmanager
def installed_deps(settings: Settings) -> Iterator[Deps]:
    deps = Deps(settings)
    install_deps(deps)
    yield deps
    install_deps(None)
    deps.close()


@pytest.fixture
def client_for(deps: Deps) -> Callable[[str], TestClient]:  # noqa: ARG001 it installs them
    """Make a client of one function, by the name of its module in `api/`."""

    def client_of(module: str) -> TestClient:
        client = TestClient(function_app(module), raise_server_exceptions=False)
        return with_declared_errors(client)

    return client_of


@pytest.fixture
def client(client_for: Callable[[str], TestClient]) -> TestClient:
    """A client of all endpoints, through `api/index.py`."""
    return client_for("index")


@pytest.fixture
def operator() -> dict[str, str]:
    """Headers of an operator's requests."""
    return {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
