"""A legacy database for each test."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from lib.deps import Deps
from tests.legacy.legacy_database import Legacy
from tests.support.legacy_data import WILD, LegacyData, fill


@pytest.fixture
def bare(postgres_url: str, deps: Deps) -> Iterator[Legacy]:
    """The unified schema without legacy tables."""
    # Without prepared statements: the tests change tables between equal queries.
    with psycopg.connect(postgres_url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield Legacy(connection, deps)


@pytest.fixture
def legacy(bare: Legacy) -> Legacy:
    """The unified schema beside the legacy tables, all empty."""
    bare.create()
    return bare


@pytest.fixture
def dated_rows(legacy: Legacy) -> Legacy:
    """A few hundred untidy rows, each with a time, so that two migrations give the same result."""
    fill(legacy.connection, LegacyData(150, 3, replace(WILD, no_time=0)))
    return legacy
