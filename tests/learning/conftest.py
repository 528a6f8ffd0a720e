"""Fixtures of the learning context: dependencies with a database of each kind."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from lib.database.queries import load_script
from lib.deps import Deps
from lib.learning.database import postgres_session, sqlite_session
from lib.settings import Settings
from tests.conftest import installed_deps
from tests.learning.other_calls import OtherCall
from tests.learning.school import School


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """The path of a database that does not exist yet."""
    return tmp_path / "local.db"


@pytest.fixture
def deps_of_both(settings: Settings, sqlite_file: Path) -> Iterator[Deps]:
    """Dependencies with a migrated Postgres and an SQLite file with the tables."""
    with installed_deps(replace(settings, sqlite_url=f"sqlite:///{sqlite_file}")) as deps:
        with sqlite_session(deps) as session:
            connection = session.connection().connection.driver_connection
            assert connection is not None
            connection.rollback()
            connection.executescript(load_script("learning/schema/sqlite_tables.sql"))
        yield deps


@pytest.fixture(params=["postgres", "sqlite"])
def school(request: pytest.FixtureRequest, deps_of_both: Deps) -> Iterator[School]:
    """A school; each test runs with it in Postgres and in SQLite."""
    session = postgres_session if request.param == "postgres" else sqlite_session
    with session(deps_of_both) as db:
        yield School(db, deps_of_both.settings)


@pytest.fixture
def other(postgres_url: str) -> Iterator[OtherCall]:
    """A call that keeps its transaction open while the test makes another one."""
    with (
        psycopg.connect(postgres_url) as connection,
        psycopg.connect(postgres_url, autocommit=True) as watch,
    ):
        yield OtherCall(connection, watch)
