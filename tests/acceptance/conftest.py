"""The local server as `make dev` runs it, with the demo's data."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from lib.settings import Settings
from local.redis_gateway.gateway import Gateway
from tests.acceptance.curl import local_client
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, ENCRYPTION_KEY
from tests.demo.demo_database import demo_url  # noqa: F401 a fixture
from tests.support.local_server import LocalServer


@pytest.fixture
def postgres_url(demo_url: str) -> str:  # noqa: F811 a fixture
    """The database that `make dev` starts with."""
    return demo_url


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of the local server."""
    return replace(settings, trust_loopback=True)


@pytest.fixture
def loopback_client(client: TestClient) -> TestClient:
    """A client on the machine that runs `make dev`."""
    return local_client(client)


@pytest.fixture
def environment(postgres_url: str, redis_gateway: Gateway, tmp_path: Path) -> dict[str, str]:
    """The environment that `make dev` gives its server and the commands on its data."""
    return {
        "POSTGRES_URL": postgres_url,
        "UPSTASH_REDIS_REST_URL": redis_gateway.url,
        "UPSTASH_REDIS_REST_TOKEN": redis_gateway.token,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "CRON_SECRET": CRON_SECRET,
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
        "OPEN_TESTS_COUNT": "1",
        "STEPWISE_TRUST_LOOPBACK": "1",
        "BACKUP_FOLDER": str(tmp_path),
    }


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator[LocalServer]:
    """The functions as `make dev` serves them, with the demo."""
    server = LocalServer(environment)
    yield server
    server.stop()
