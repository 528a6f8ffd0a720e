"""A database with the demo, loaded once per worker and copied for each test."""

from collections.abc import Iterator

import pytest

from lib.deps import Deps
from lib.settings import Settings
from local.demo.loading import load_pool, load_tests, load_workshop
from tests.conftest import ENCRYPTION_KEY
from tests.support.databases import Databases

TEMPLATE = "demo"


@pytest.fixture(scope="session")
def _demo_template(databases: Databases) -> None:
    url = databases.create(TEMPLATE, "migrated")
    deps = Deps(Settings(postgres_url=url, encryption_key=ENCRYPTION_KEY))
    load_pool(deps)
    load_workshop(deps)
    load_tests(deps)
    deps.close()


@pytest.fixture
def demo_url(_demo_template: None, databases: Databases) -> Iterator[str]:
    """A copy of the demo database."""
    with databases.copy(TEMPLATE) as url:
        yield url
