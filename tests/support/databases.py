"""Databases for tests on one server, created over a connection that stays open."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import LiteralString

import psycopg
from psycopg import sql

from local.servers.postgres_server import PostgresServer

EMPTY = "template1"
END_SESSIONS: LiteralString = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
)
SETTINGS: LiteralString = (
    "SELECT split_part(entry, '=', 1), substr(entry, strpos(entry, '=') + 1)"
    " FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase,"
    " unnest(s.setconfig) AS entry WHERE s.setrole = 0 AND d.datname = %s"
)


class Databases:
    """Databases of a server that no other program uses."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._connection = psycopg.connect(server.url("postgres"), autocommit=True)
        self._numbers = count()
        self._templates: set[str] = set()
        self._unchanged_copies: dict[str, str] = {}

    def close(self) -> None:
        """Close the connection; the databases stay."""
        self._connection.close()

    def create(self, name: str, template: str) -> str:
        """Copy a database and its settings, which CREATE DATABASE omits; return the address."""
        copy, original = sql.Identifier(name), sql.Identifier(template)
        self._connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(copy, original)
        )
        for setting, value in self._connection.execute(SETTINGS, [template]).fetchall():
            self._connection.execute("SELECT set_config(%s, %s, FALSE)", [setting, value])
            self._connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} FROM CURRENT").format(
                    copy, sql.Identifier(setting)
                )
            )
        return self._server.url(name)

    def template(self, name: str, original: str, fill: Callable[[str], None]) -> str:
        """Make and fill a template, unless an earlier call did; return its name."""
        if name not in self._templates:
            fill(self.create(name, original))
            self._templates.add(name)
        return name

    @contextmanager
    def copy(self, template: str = EMPTY) -> Iterator[str]:
        """Lend a copy for a block; if the block writes nothing, a later block gets the same copy.

        Nothing was written if the server's write-ahead log has no new record once every session
        in the database has ended.
        """
        name = self._unchanged_copies.pop(template, None) or self._create_copy(template)
        position = self._log_position()
        yield self._server.url(name)
        self._connection.execute(END_SESSIONS, [name])
        if self._log_position() == position and template not in self._unchanged_copies:
            self._unchanged_copies[template] = name
        else:
            self._drop(name)

    def _create_copy(self, template: str) -> str:
        name = f"{template}_{next(self._numbers)}"
        self.create(name, template)
        return name

    def _drop(self, name: str) -> None:
        self._connection.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        )

    def _log_position(self) -> str:
        ((position,),) = self._connection.execute("SELECT pg_current_wal_insert_lsn()").fetchall()
        return str(position)
