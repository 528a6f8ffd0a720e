"""A server in this process, and a client whose calls to it fail in chosen ways."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from device import content, sync
from device.account import AccountFile
from device.errors import ServerAway
from device.server import NO_PARAMETERS, Reply, Server
from lib import deadline
from lib.errors import AppError
from lib.learning.changes.synced import SyncedTable
from lib.learning.content_files.published import list_files, read_file
from lib.learning.current_user import Call, read_user
from lib.learning.device_sync import synchronise as service
from lib.learning.device_sync.wire import SyncIn

ROWS = f"{sync.PATH}/rows"
REFRESH = "/api/auth/refresh"
UNAUTHORIZED = 401
Alter = Callable[[Any, Reply], Reply]
"""Function that returns another response, given the body of the request and the response."""


class Mishap(Enum):
    """Kinds of mishaps of a device's call."""

    NONE = "none"
    DROPPED = "dropped"  # the call never arrives
    LOST = "lost"  # the response does not arrive
    TWICE = "twice"  # the call arrives twice
    LATE = "late"  # the call arrives after later calls have been served
    EXPIRED = "expired"  # the access token has expired
    SIGNED_OUT = "signed out"  # the whole log-in has expired
    OUT_OF_TIME = "out of time"  # the time limit of the call ends before some changes
    SERVER_ENDS = "server ends"  # the server ends between two statements


class ServerEnds(Exception):
    """Stands for the end of the server's process."""


@dataclass
class ServerInProcess:
    """The real service on a session of the server's database.

    Args:
        session: Function that opens a session.
        now: The server's clock.
        user_id: The student.
    """

    session: Callable[[], AbstractContextManager[Session]]
    now: Callable[[], datetime]
    user_id: UUID
    token_number: int = 1
    """Number in the current access token."""
    is_signed_out: bool = False
    late_bodies: list[Mapping[str, Any]] = field(default_factory=list)
    """Bodies of syncs that are still on their way."""

    @contextmanager
    def call(self) -> Iterator[Call]:
        """Open a session, and yield a call of the student."""
        with self.session() as db:
            user = read_user(db, self.user_id)
            assert user is not None
            yield Call(db, user, self.now())

    def serve(
        self, path: str, body: Any, parameters: Mapping[str, str], token: str | None
    ) -> Reply:
        """Serve one call."""
        if path == REFRESH:
            return self._refresh()
        if token != f"token {self.token_number}":
            return _reply(UNAUTHORIZED, {"code": "not_logged_in", "error": "Log in."})
        try:
            with self.call() as call:
                return Reply(200, *self._respond(call, path, body, parameters), None)
        except ServerEnds:
            return _reply(502, None)
        except AppError as error:
            return _reply(error.status, {"code": error.code, "error": str(error)})

    def serve_late(self) -> None:
        """Serve the calls that were on their way; nobody waits for the responses."""
        bodies, self.late_bodies = self.late_bodies, []
        for body in bodies:
            self.serve(sync.PATH, body, {}, f"token {self.token_number}")

    def _refresh(self) -> Reply:
        if self.is_signed_out:
            return _reply(UNAUTHORIZED, {"code": "not_logged_in", "error": "Log in."})
        return _reply(
            200, {"access_token": f"token {self.token_number}", "refresh_token": "refresh"}
        )

    def _respond(
        self, call: Call, path: str, body: Any, parameters: Mapping[str, str]
    ) -> tuple[Any, bytes]:
        if path.startswith(f"{content.PATH}/"):
            return None, read_file(call, path.rsplit("/", 1)[1]).body
        if path == content.PATH:
            text = list_files(call).model_dump_json()
        elif path == ROWS:
            table, limit = SyncedTable(parameters["table"]), int(parameters["limit"])
            text = service.list_rows(call, table, parameters.get("cursor"), limit).model_dump_json()
        else:
            request = SyncIn.model_validate_json(json.dumps(body))
            text = service.synchronise(call, request).model_dump_json()
        return json.loads(text), text.encode()


@contextmanager
def ending_after(session: Session, statements: int) -> Iterator[None]:
    """End the server after a number of statements of the session's engine."""
    engine = session.get_bind().engine
    remaining = [statements]

    def count(*_arguments: object) -> None:
        remaining[0] -= 1
        if remaining[0] < 0:
            raise ServerEnds

    def count_commit(connection: Connection) -> None:
        try:
            count()
        except ServerEnds:
            # SQLAlchemy considers the transaction ended here, so roll back as the database would.
            connection.connection.rollback()
            raise

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count_commit)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", count)
        event.remove(engine, "commit", count_commit)


@contextmanager
def out_of_time_after(session: Session, changes: int) -> Iterator[None]:
    """Let the time limit of a call end once the server has decided on a number of changes."""
    engine = session.get_bind().engine
    remaining = [changes]

    def count(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        remaining[0] -= "sync_operations" in statement and statement.startswith("INSERT")
        if remaining[0] < 0:
            deadline.start(deadline.MARGIN_SECONDS)

    event.listen(engine, "before_cursor_execute", count)
    try:
        with deadline.at_most(60):
            if changes == 0:
                deadline.start(deadline.MARGIN_SECONDS)
            yield
    finally:
        event.remove(engine, "before_cursor_execute", count)


class FaultyClient(Server):
    """The client of a device, whose calls to a server in this process fail in chosen ways.

    Args:
        accounts: File with the device's tokens.
        server: The server.
    """

    def __init__(self, accounts: AccountFile, server: ServerInProcess) -> None:
        # An HTTP client is not created, since that takes longer than most histories.
        self._accounts = accounts
        self._refreshing = threading.Lock()
        self._server = server
        self.mishaps: list[tuple[Mishap, int]] = []
        """Mishaps of the next calls to `sync.PATH`, each with a number.

        It is the number of changes before OUT_OF_TIME, and a third of the number of statements
        before SERVER_ENDS; other mishaps do not use it.
        """
        self.paths: list[str] = []
        """Paths of all calls."""
        self._alter: Alter | None = None

    @contextmanager
    def altering(self, alter: Alter) -> Iterator[None]:
        """Alter the server's responses to syncs, except errors, on the way to the device."""
        self._alter = alter
        try:
            yield
        finally:
            self._alter = None

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        parameters: Mapping[str, str] = NO_PARAMETERS,
    ) -> Reply:
        """Make a call."""
        del method
        self.paths.append(path)
        received_body = json.loads(json.dumps(body))
        mishap, number = Mishap.NONE, 0
        if path == sync.PATH and self.mishaps:
            mishap, number = self.mishaps.pop(0)

        def serve() -> Reply:
            return self._serve(path, received_body, parameters, token)

        if mishap in {Mishap.EXPIRED, Mishap.SIGNED_OUT}:
            self._server.token_number += 1
            self._server.is_signed_out = mishap is Mishap.SIGNED_OUT
        if mishap is Mishap.LATE:
            self._server.late_bodies.append(received_body)
        if mishap in {Mishap.DROPPED, Mishap.LATE}:
            raise ServerAway
        if mishap is Mishap.SERVER_ENDS:
            with self._server.session() as db, ending_after(db, number * 3):
                return self._unless_away(serve())
        if mishap is Mishap.OUT_OF_TIME:
            with self._server.session() as db, out_of_time_after(db, number):
                return serve()
        if mishap is Mishap.TWICE:
            serve()
        reply = serve()
        if mishap is Mishap.LOST:
            raise ServerAway
        return reply

    def _serve(
        self, path: str, body: Any, parameters: Mapping[str, str], token: str | None
    ) -> Reply:
        reply = self._server.serve(path, body, parameters, token)
        if self._alter is not None and path == sync.PATH and reply.succeeded:
            return self._alter(body, reply)
        return reply

    def _unless_away(self, reply: Reply) -> Reply:
        if reply.status >= 500:
            raise ServerAway
        return reply

    def close(self) -> None:
        """Do nothing, since no connection is open."""


def _reply(status: int, body: Any) -> Reply:
    return Reply(status, body, b"", None)
