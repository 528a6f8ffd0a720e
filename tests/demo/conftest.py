from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from lib.deps import Deps
from lib.settings import Settings
from tests.demo.demo_database import _demo_template, demo_url  # noqa: F401 fixtures

Ask = Callable[[str], list[Any]]

# Any moment; the demo counts back from it.
LOADED_AT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


@pytest.fixture
def ask(postgres_url: str) -> Iterator[Ask]:
    """Run a query and return its rows."""
    with psycopg.connect(postgres_url) as connection:
        yield lambda query: connection.execute(query.encode()).fetchall()


@pytest.fixture
def deps_at_fixed_time(postgres_url: str) -> Iterator[Deps]:
    """Dependencies with a clock that stands still."""
    deps = Deps(Settings(postgres_url=postgres_url), clock=lambda: LOADED_AT)
    yield deps
    deps.close()
