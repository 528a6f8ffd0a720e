from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from lib.settings import Settings
from tests.acceptance.curl import local_client
from tests.demo.demo_database import demo_url  # noqa: F401 a fixture


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
