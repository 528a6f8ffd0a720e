"""A legacy database for each test."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from lib.deps import Deps
from tests.legacy.drawn import Legacy
from tests.support.legacy_data import WILD, LegacyData, fill

BATCHES = 8  # of each phase


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


@pytest.fixture
def timed(legacy: Legacy) -> Legacy:
    """A few hundred messy rows; each says when, so that two migrations come to the same."""
    fill(legacy.connection, LegacyData(150, 3, replace(WILD, no_time=0)))
    return legacy


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration of some hundred rows takes a dozen batches, and as many calls of 0 s."""
    monkeypatch.setattr("lib.legacy.run.FIRST_BATCH_ROWS", 40)
    monkeypatch.setattr("lib.legacy.run._next_width", lambda _width, _seconds: 2**32 // BATCHES)
