"""SQLAlchemy engines for Postgres and SQLite: at most one of each for one `Deps`."""

import sqlite3
import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    NullPool,
    QueuePool,
    create_engine,
    event,
)

from lib.database.connection import connect
from lib.database.postgres import WAIT_SECONDS, app_error_for, translated_errors
from lib.database.statements import take_preceding
from lib.deps import Deps
from lib.errors import AppError, SchemaMissing
from lib.learning.sqlite_errors import sqlite_error_for
from lib.learning.tables.base import SCHEMA
from lib.logs import log

POOL_SIZE = 10
MAX_OVERFLOW = 20
BUSY_SECONDS = 5.0
"""Time to wait for another process that writes to the file, or for the one connection."""
FIRST_SAFE_WAL_VERSION = (3, 51, 3)
"""Older versions can corrupt a file in WAL mode when two connections checkpoint it at once."""
_engines: WeakKeyDictionary[Deps, dict[str, Engine]] = WeakKeyDictionary()
_lock = threading.Lock()


def postgres_engine(deps: Deps) -> Engine:
    """Return the engine on Postgres.

    Raises:
        NotConfigured: If the environment names no Postgres, or its address cannot be used.
    """
    url, deployed = deps.postgres_url, deps.settings.deployed
    return _engine_of(deps, "postgres", lambda: create_postgres_engine(url, pooled=not deployed))


def sqlite_engine(deps: Deps) -> Engine:
    """Return the engine on the SQLite file of this machine.

    Raises:
        NotConfigured: If the environment names no such file, or its address cannot be used.
    """
    url = deps.sqlite_url
    return _engine_of(deps, "sqlite", lambda: create_sqlite_engine(url))


def create_postgres_engine(url: str, *, pooled: bool) -> Engine:
    """Return an engine on Postgres.

    Args:
        url: Address for libpq.
        pooled: Whether to keep connections, as a long-lived process must. A function is frozen
            between two requests, and a pooler would meanwhile have closed the kept ones.
    """
    pool_options: dict[str, Any] = {
        "poolclass": QueuePool,
        "pool_size": POOL_SIZE,
        "max_overflow": MAX_OVERFLOW,
        "pool_pre_ping": True,
        "pool_timeout": WAIT_SECONDS,
    }
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: connect(url, autocommit=False),
        use_native_hstore=False,  # looking for the type would cost a round trip
        hide_parameters=True,  # errors are logged, and parameters hold hashes of passwords
        **(pool_options if pooled else {"poolclass": NullPool}),
    )
    event.listen(engine, "begin", _execute_preceding)
    event.listen(engine, "handle_error", _postgres_error)
    return engine


def create_sqlite_engine(url: str, *, wal: bool | None = None, foreign_keys: bool = True) -> Engine:
    """Return an engine with one connection to an SQLite file, which is created if it is missing.

    Args:
        url: `sqlite:///` and the path.
        wal: Whether to keep a write-ahead log; by default, only if this version of SQLite is safe.
        foreign_keys: Whether to enforce them; a migration that replaces a table must not.
    """
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        execution_options={"schema_translate_map": {SCHEMA: None}},
    )
    _prepare(engine, wal=wal_is_safe() if wal is None else wal, foreign_keys=foreign_keys)
    return engine


def wal_is_safe() -> bool:
    """Return whether this version of SQLite keeps a write-ahead log without risk to the file."""
    return sqlite3.sqlite_version_info >= FIRST_SAFE_WAL_VERSION


def _prepare(engine: Engine, *, wal: bool, foreign_keys: bool) -> None:
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver would begin too late, and not at all for DDL
        for setting in (
            f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
            f"journal_mode = {'WAL' if wal else 'DELETE'}",
            "synchronous = FULL",
            "cache_spill = OFF",  # a copy of the file holds nothing that is not committed
        ):
            connection.execute(f"PRAGMA {setting}")

    def empty_log(connection: sqlite3.Connection | None, _record: object) -> None:
        if connection is not None:  # so that the file alone is a complete copy
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", _begin_immediately)
    event.listen(engine, "handle_error", _sqlite_error)
    if wal:
        event.listen(engine, "checkin", empty_log)


def _engine_of(deps: Deps, name: str, create: Callable[[], Engine]) -> Engine:
    with _lock:
        engines = _engines.setdefault(deps, {})
        if name not in engines:
            engines[name] = create()
            deps.on_close(engines[name].dispose)
        return engines[name]


def _execute_preceding(connection: Connection) -> None:
    """Execute statements that must precede the request's first, in a transaction of their own.

    They count the request against a limit. A rollback of the request's own transaction must not
    undo this count.
    """
    statements = take_preceding()
    if not statements:
        return
    driver: Any = connection.connection.driver_connection
    try:
        with translated_errors(), driver.pipeline():
            for statement in statements:
                driver.execute(statement.query.text, statement.params)
            driver.commit()
    except SchemaMissing:
        # An older schema may lack the objects that only the preceding statements need.
        log("preceding_statements_left_out", names=[each.query.name for each in statements])
        driver.rollback()
    except AppError:
        driver.rollback()
        raise


def _begin_immediately(connection: Connection) -> None:
    """Begin as a writer: SQLite refuses a write by a reader after another process has written."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgres_error(context: ExceptionContext) -> AppError | None:
    """Return our error for an error of Postgres.

    Return None for an error of a ping, so that the pool replaces the connection.
    """
    error = context.original_exception
    if context.is_pre_ping or not isinstance(error, psycopg.Error | UnicodeEncodeError):
        return None
    return app_error_for(error)


def _sqlite_error(context: ExceptionContext) -> AppError | None:
    error = context.original_exception
    if context.is_pre_ping or not isinstance(error, sqlite3.Error | UnicodeEncodeError):
        return None
    return sqlite_error_for(error)
