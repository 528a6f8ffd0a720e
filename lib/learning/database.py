"""Sessions of SQLAlchemy on the two databases of the learning context, for handlers and services.

A session begins its transaction with its first statement. Nothing is stored until the service that
uses it calls `commit()`; what was not committed is rolled back when the session closes. Refusals of
the database are raised as errors of our own by the statement that caused them, as in `Postgres`.

SQLAlchemy is imported with the first session, because no function's start may wait for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from lib.deps import Deps, get_deps
from lib.errors import AppError, Busy, DatabaseUnavailable
from lib.framework import Depends

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session


def get_db(deps: Annotated[Deps, Depends(get_deps)]) -> Iterator["Session"]:
    """Yield a session on Postgres, for `Depends(get_db)`.

    Raises:
        NotConfigured: If the environment names no Postgres.
    """
    with postgres_session(deps) as session:
        yield session


def get_sqlite_db(deps: Annotated[Deps, Depends(get_deps)]) -> Iterator["Session"]:
    """Yield a session on the SQLite file of this machine, for `Depends(get_sqlite_db)`.

    Raises:
        NotConfigured: If the environment names no SQLite file.
    """
    with sqlite_session(deps) as session:
        yield session


@contextmanager
def postgres_session(deps: Deps) -> Iterator["Session"]:
    """Hold a session on Postgres outside of FastAPI.

    Raises:
        NotConfigured: If the environment names no Postgres.
    """
    from lib.learning.engines import postgres_engine

    with _session(postgres_engine(deps), DatabaseUnavailable) as session:
        yield session


@contextmanager
def sqlite_session(deps: Deps) -> Iterator["Session"]:
    """Hold a session on SQLite outside of FastAPI; other sessions wait for its transaction to end.

    Raises:
        NotConfigured: If the environment names no SQLite file.
    """
    from lib.learning.engines import sqlite_engine

    with _session(sqlite_engine(deps), Busy) as session:
        yield session


@contextmanager
def _session(engine: "Engine", no_connection: type[AppError]) -> Iterator["Session"]:
    """Hold a session; `no_connection` is raised if the pool has no free connection in time."""
    from sqlalchemy.exc import TimeoutError as PoolTimeoutError
    from sqlalchemy.orm import Session

    try:
        with Session(engine, expire_on_commit=False) as session:
            yield session
    except PoolTimeoutError as error:
        raise no_connection from error
