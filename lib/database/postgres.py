"""Postgres from a function: few connections, few round trips, and errors of our own.

Connections use autocommit, no prepared statements and no session settings, so that a pooler in
transaction mode can be used. A single statement costs one round trip, and so does a `batch` of
many, which is also atomic.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from select import select
from typing import Any, TypeVar, cast

import psycopg
from psycopg import Cursor
from psycopg import errors as driver
from psycopg.rows import BaseRowFactory, class_row, scalar_row, tuple_row

from lib.database.connection import Connection, connect
from lib.database.errors import Lock, Obstacles, refusal
from lib.database.queries import Query, load_queries
from lib.database.statements import Params, Statement, constraint_error, take_preceding
from lib.deadline import is_late
from lib.errors import (
    AppError,
    Busy,
    DatabaseReadOnly,
    DatabaseUnavailable,
    SchemaMissing,
    UnstorableText,
)
from lib.logs import log

T = TypeVar("T")
_queries = load_queries("database/refusals.sql")

IDLE_SECONDS = 60.0  # after that, a pooler or a frozen function has often closed the socket
MAX_CONNECTIONS = 10  # in a process; under load, the platforms add processes, not threads
WAIT_SECONDS = 5.0  # for a free connection of the pool
BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
CONFLICT_TRIES = 4
CONFLICT_PAUSE_SECONDS = 0.02


class Transaction:
    """Statements that succeed or fail together, one round trip each.

    Only calls with a password and scheduled jobs use it.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def fetch_all(self, query: Query, params: Params | None, row: type[T]) -> list[T]:
        """Return every row as a `row` dataclass."""
        with self.connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(query.text, params).fetchall()

    def fetch_one(self, query: Query, params: Params | None, row: type[T]) -> T | None:
        """Return the first row, None if there is none."""
        with self.connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(query.text, params).fetchone()

    def fetch_value(self, query: Query, params: Params | None = None) -> Any:
        """Return the first column of the first row, None if there is none."""
        with self.connection.cursor(row_factory=scalar_row) as cursor:
            return cursor.execute(query.text, params).fetchone()

    def execute(self, query: Query, params: Params | None = None) -> int:
        """Run a statement and return the number of rows that it changed."""
        return self.connection.execute(query.text, params).rowcount

    def execute_script(self, script: str) -> None:
        """Run a script of many statements without parameters."""
        self.connection.execute(script.encode())


class Postgres:
    """A last-in-first-out pool of connections to one database; thread-safe."""

    def __init__(
        self,
        url: str,
        *,
        max_connections: int = MAX_CONNECTIONS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._url = url
        self._wait_seconds = wait_seconds
        self._idle: list[tuple[Connection, float]] = []
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(max_connections)

    def fetch_one(
        self, query: Query, params: Params | None, row: type[T], *, read: bool = False
    ) -> T | None:
        """Return the first row as a `row` dataclass; `read` allows the statement to be repeated."""
        rows = self.fetch_all(query, params, row, read=read)
        return rows[0] if rows else None

    def fetch_all(
        self, query: Query, params: Params | None, row: type[T], *, read: bool = False
    ) -> list[T]:
        """Return every row as a `row` dataclass; one round trip."""
        return self._single(query, params, class_row(row), read=read)

    def fetch_value(self, query: Query, params: Params | None = None, *, read: bool = False) -> Any:
        """Return the first column of the first row, None if there is none; one round trip."""
        rows = self._single(query, params, cast("Any", scalar_row), read=read)
        return rows[0] if rows else None

    def execute(self, query: Query, params: Params | None = None) -> int:
        """Run a statement and return the number of rows that it changed; one round trip."""

        def run(connection: Connection, preceding: Sequence[Statement]) -> int:
            with _after(preceding, connection):
                cursor = connection.execute(query.text, params)
            return cursor.rowcount

        return self._run(run, read=False)

    def batch(
        self,
        statements: Sequence[Statement],
        *,
        read: bool = False,
    ) -> list[list[Any]]:
        """Run statements in one round trip, all or nothing; return the rows of each, in order.

        Args:
            statements: The statements in the order in which they run.
            read: Whether they only read. They then read one state of the database, without changes
                that others commit meanwhile.
        """

        def run(connection: Connection, preceding: Sequence[Statement]) -> list[list[Any]]:
            if read:
                return _read_snapshot(connection, preceding, statements)
            with connection.pipeline():
                _execute_all(connection, preceding)
                cursors = _execute_all(connection, statements)
            return _rows_of(cursors)

        return self._run(run, read=read)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Hold one connection for several statements; rolled back if the block raises.

        Refusals by the database become errors of `lib.database.errors` that name the table.
        """
        with (
            translated_errors(self._refusal),
            self._connection() as connection,
            connection.transaction(),
        ):
            yield Transaction(connection)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _refusal(self, error: psycopg.Error) -> AppError | None:
        return refusal(error, Obstacles(self._tables_of_trigger, self._locks_of_others))

    def _tables_of_trigger(self, function: str) -> list[str]:
        query = _queries["tables_of_trigger"]
        return self._single(query, {"function": function}, cast("Any", scalar_row), read=True)

    def _locks_of_others(self) -> list[Lock]:
        return self.fetch_all(_queries["locks_of_others"], None, Lock, read=True)

    def _single(
        self, query: Query, params: Params | None, factory: BaseRowFactory[T], *, read: bool
    ) -> list[T]:
        def run(connection: Connection, preceding: Sequence[Statement]) -> list[T]:
            with connection.cursor(row_factory=factory) as cursor:
                with _after(preceding, connection):
                    cursor.execute(query.text, params)
                return cursor.fetchall() if cursor.description else []

        return self._run(run, read=read)

    def _run(self, work: Callable[[Connection, Sequence[Statement]], T], *, read: bool) -> T:
        """Do the work; retry it after a conflict, and after a lost connection if it only reads.

        A conflict is a deadlock or a failure of serialization. Where the schema lacks something,
        the work is repeated without the preceding statements.

        Args:
            work: Gets a connection, and the statements that must be sent first.
            read: Whether the work only reads.
        """
        has_reconnected = False
        preceding = take_preceding()
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                with translated_errors(), self._connection() as connection:
                    return work(connection, preceding)
            except SchemaMissing:
                if not preceding:
                    raise
                # An older schema may lack the objects that only the preceding statements need.
                log("preceding_statements_left_out", names=[each.query.name for each in preceding])
                preceding = []
            except Busy as busy:
                if not _may_repeat(busy) or attempt == CONFLICT_TRIES:
                    raise
                time.sleep(CONFLICT_PAUSE_SECONDS * attempt * random.random())  # noqa: S311 jitter
            except DatabaseUnavailable:
                if not read or has_reconnected or is_late():
                    raise
                has_reconnected = True
        raise Busy

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if not self._slots.acquire(timeout=self._wait_seconds):
            raise DatabaseUnavailable
        try:
            connection = self._take() or connect(self._url)
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._slots.release()

    def _take(self) -> Connection | None:
        """Return the most recently used connection whose socket is open; None if there is none."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection, since = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS and _alive(connection):
                return connection
            connection.close()

    def _give_back(self, connection: Connection) -> None:
        usable = (
            not connection.closed
            and connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        )
        if not usable:
            connection.close()
            return
        with self._lock:
            self._idle.append((connection, time.monotonic()))


@contextmanager
def _after(preceding: Sequence[Statement], connection: Connection) -> Iterator[None]:
    """Send statements before those of the block, in one round trip, all or nothing."""
    if not preceding:
        yield
        return
    with connection.pipeline():
        _execute_all(connection, preceding)
        yield


def _read_snapshot(
    connection: Connection, preceding: Sequence[Statement], statements: Sequence[Statement]
) -> list[list[Any]]:
    """Return the rows of statements that read one state of the database, in one round trip.

    The preceding statements write, so they run in a transaction of their own: the snapshot is
    read-only, and a writable one would fail where another transaction writes the same row.
    """
    try:
        with connection.pipeline() as pipeline:
            if preceding:
                _execute_all(connection, preceding)
                pipeline.sync()
            connection.execute(BEGIN_SNAPSHOT)
            cursors = _execute_all(connection, statements)
            connection.execute("COMMIT")
    except psycopg.Error:
        if not connection.closed:
            connection.rollback()
        raise
    return _rows_of(cursors)


def _execute_all(connection: Connection, statements: Sequence[Statement]) -> list[Cursor[Any]]:
    return [
        connection.cursor(
            row_factory=cast("Any", class_row(statement.row) if statement.row else tuple_row)
        ).execute(statement.query.text, statement.params)
        for statement in statements
    ]


def _rows_of(cursors: list[Cursor[Any]]) -> list[list[Any]]:
    return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


def _alive(connection: Connection) -> bool:
    """Return whether an idle socket is open: data to read means that the server is closing it."""
    try:
        readable, _, _ = select([connection.fileno()], [], [], 0)
    except (OSError, ValueError, psycopg.Error):
        return False
    return not readable


def _may_repeat(busy: Busy) -> bool:
    return isinstance(busy.__cause__, driver.DeadlockDetected | driver.SerializationFailure)


@contextmanager
def translated_errors(
    refusal_of: Callable[[psycopg.Error], AppError | None] = lambda _error: None,
) -> Iterator[None]:
    """Turn errors of psycopg, and UnicodeEncodeError, into ours; let unknown errors through.

    Errors of psycopg are logged.

    Args:
        refusal_of: Returns a more exact error, or None.
    """
    try:
        yield
    except (psycopg.Error, UnicodeEncodeError) as error:
        app_error = app_error_for(error, refusal_of)
        if app_error is None:
            raise
        raise app_error from error


def app_error_for(
    error: psycopg.Error | UnicodeEncodeError,
    refusal_of: Callable[[psycopg.Error], AppError | None] = lambda _error: None,
) -> AppError | None:
    """Log an error of the driver and return ours for it; None if it is unknown.

    A UnicodeEncodeError is not logged.

    Args:
        error: Exception of the driver.
        refusal_of: Returns a more exact error, or None.
    """
    if isinstance(error, UnicodeEncodeError):
        return UnstorableText()
    log(
        "postgres_error",
        sqlstate=error.sqlstate,
        constraint=error.diag.constraint_name,
        kind=type(error).__name__,
    )
    return _registered_error(error) or refusal_of(error) or _app_error(error)


_APP_ERRORS: tuple[tuple[tuple[type[psycopg.Error], ...], Callable[[], AppError]], ...] = (
    (
        (
            driver.DeadlockDetected,
            driver.SerializationFailure,
            driver.LockNotAvailable,
            driver.QueryCanceled,
        ),
        Busy,
    ),
    ((driver.ReadOnlySqlTransaction,), DatabaseReadOnly),
    (
        (
            driver.UndefinedTable,
            driver.UndefinedColumn,  # a table of an older version, or of another application
            driver.WrongObjectType,  # a view in the place of a table
            driver.InvalidColumnReference,  # ON CONFLICT without its unique constraint
            driver.UndefinedFunction,
            driver.UndefinedObject,  # the row type of a dropped table, in a function
            driver.InvalidSchemaName,
        ),
        SchemaMissing,
    ),
    ((driver.CharacterNotInRepertoire, driver.UntranslatableCharacter), UnstorableText),
    ((psycopg.OperationalError, psycopg.InterfaceError), DatabaseUnavailable),
)
"""Classes of the driver's errors and our error for them; a subclass comes before its base."""


def _registered_error(error: psycopg.Error) -> AppError | None:
    return constraint_error(error.diag.constraint_name, error.diag.message_primary)


def _app_error(error: psycopg.Error) -> AppError | None:
    if isinstance(error, psycopg.DataError) and error.sqlstate is None:
        return UnstorableText()  # the driver itself refused a NUL
    return next((create() for kinds, create in _APP_ERRORS if isinstance(error, kinds)), None)
