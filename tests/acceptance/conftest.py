import pytest
from fastapi.testclient import TestClient

from lib.settings import Settings
from local.redis_gateway.gateway import Gateway
from tests.acceptance.curl import local_client
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, ENCRYPTION_KEY
from tests.demo.demo_database import _demo_template, demo_url  # noqa: F401 fixtures


@pytest.fixture
def postgres_url(demo_url: str) -> str:  # noqa: F811 the fixture of that name
    """The database is the one that `make dev` begins with."""
    return demo_url


@pytest.fixture
def settings(postgres_url: str, redis_gateway: Gateway) -> Settings:
    """As the local server has them."""
    return Settings(
        postgres_url=postgres_url,
        migration_url=postgres_url,
        redis_url=redis_gateway.url,
        redis_token=redis_gateway.token,
        admin_password=ADMIN_PASSWORD,
        cron_secret=CRON_SECRET,
        encryption_key=ENCRYPTION_KEY,
        trust_loopback=True,
    )


@pytest.fixture
def here(client: TestClient) -> TestClient:
    """A person at the terminal of the machine that runs `make dev`."""
    return local_client(client)
