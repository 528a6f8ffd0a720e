"""Fixtures for the demo: a copy of it, queries, and dependencies whose clock stands still."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from lib.deps import Deps
from lib.settings import Settings
from tests.demo.demo_database import demo_url  # noqa: F401 a fixture

RunQuery = Callable[[str], list[Any]]

# An arbitrary time, from which the demo counts back.
LOADED_AT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


@pytest.fixture
def run_query(postgres_url: str) -> Iterator[RunQuery]:
    """Run a query and return its rows."""
    with psycopg.connect(postgres_url) as connection:
        yield lambda query: connection.execute(query.encode()).fetchall()


@pytest.fixture
def deps_at_fixed_time(postgres_url: str) -> Iterator[Deps]:
    """Dependencies whose clock stands still."""
    deps = Deps(Settings(postgres_url=postgres_url), clock=lambda: LOADED_AT)
    yield deps
    deps.close()
