"""A database with the demo, loaded once per worker and copied for each test."""

from collections.abc import Iterator

import pytest

from lib.deps import Deps
from lib.settings import Settings
from local.demo.loading import load_pool, load_tests, load_workshop
from local.demo.planner import load_planner
from tests.conftest import ENCRYPTION_KEY
from tests.support.databases import Databases


@pytest.fixture
def demo_url(databases: Databases) -> Iterator[str]:
    """A copy of the demo database."""
    with databases.copy(databases.template("demo", "migrated", load_demo)) as url:
        yield url


def load_demo(url: str) -> None:
    """Load the demo of the workshop and the tests."""
    deps = Deps(Settings(postgres_url=url, encryption_key=ENCRYPTION_KEY))
    load_pool(deps)
    load_workshop(deps)
    load_tests(deps)
    deps.close()


def load_planner_demo(url: str) -> None:
    """Load the demo of the study planner."""
    deps = Deps(Settings(postgres_url=url, encryption_key=ENCRYPTION_KEY))
    load_planner(deps)
    deps.close()
