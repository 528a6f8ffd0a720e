"""A legacy database for each test."""

from collections.abc import Iterator

import psycopg
import pytest

from lib.deps import Deps
from tests.legacy.drawn import Legacy


@pytest.fixture
def bare(postgres_url: str, deps: Deps) -> Iterator[Legacy]:
    """The unified schema without old tables."""
    # Nothing prepared: the tests change tables between equal queries.
    with psycopg.connect(postgres_url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield Legacy(connection, deps)


@pytest.fixture
def legacy(bare: Legacy) -> Legacy:
    """The unified schema beside the old tables, all empty."""
    bare.create()
    return bare
