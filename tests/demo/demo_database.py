"""A database with the demo, loaded once per worker and copied for each test."""

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from lib.database.queries import load_script
from lib.deps import Deps
from lib.settings import Settings
from local.demo.loading import load_pool, load_tests, load_workshop
from local.servers.postgres_server import PostgresServer
from tests.conftest import ENCRYPTION_KEY

TEMPLATE = "demo"
_numbers = count()


@pytest.fixture(scope="session")
def _demo_template(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database(TEMPLATE, template="migrated")
    deps = Deps(Settings(postgres_url=url, encryption_key=ENCRYPTION_KEY))
    load_pool(deps)
    load_workshop(deps)
    load_tests(deps)
    deps.close()


@pytest.fixture
def demo_url(_demo_template: None, postgres_server: PostgresServer) -> Iterator[str]:
    """Yield the URL of a copy of the demo database for one test."""
    name = f"demo_{next(_numbers)}"
    url = postgres_server.create_database(name, template=TEMPLATE)
    with psycopg.connect(url) as connection:  # a copy lacks the template's settings
        connection.execute(load_script("database/schema/search_path.sql").encode())
    yield url
    postgres_server.drop_database(name)
