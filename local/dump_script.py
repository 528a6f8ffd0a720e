"""The SQL of a dump, without the parts that belong to the original server.

pg_restore can leave out the owners and rights of a dump in its own format; psql cannot do so for a
dump in plain SQL. This module removes them, and the extensions, the settings and the policies for
roles that this server lacks.
"""

import gzip
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from local.servers.child import ServerError

GZIP = b"\x1f\x8b"
ARCHIVE = b"PGDMP"
TAR, TAR_PLACE = b"ustar", 257
OWN_FORMAT = b'{"format": "stepwise-backup"'
CLUSTER = b"PostgreSQL database cluster dump"
PG_DUMP = b"-- PostgreSQL database dump"
START_BYTES = 4096
ENTRY = re.compile(rb"-- (?:Data for )?Name: .*; Type: (?P<type>[A-Z ]+); Schema: .*; Owner: ")
END = b"-- PostgreSQL database dump complete"
RIGHTS = frozenset({b"ACL", b"DEFAULT ACL"})
COPY = re.compile(rb"COPY .* FROM stdin;\s*")
COPY_END = b"\\."
OWN_SERVER = re.compile(
    rb"\\(?:un)?restrict\b|\\connect\b|(?:CREATE|DROP|ALTER) DATABASE "
    rb"|CREATE SCHEMA public;|SET SESSION AUTHORIZATION |ALTER .* OWNER TO [^;]*;\s*$"
)
"""Lines about the database, its owners and the program that reads the dump."""
CLEANING = re.compile(rb"DROP |ALTER .* DROP ")
"""Lines at the start of a dump made with `--clean`; the database is empty already."""
SETTING = re.compile(rb"SET (\w+) = ")
EXTENSION = re.compile(rb'(?:CREATE EXTENSION IF NOT EXISTS|COMMENT ON EXTENSION) "?([\w-]+)"?')
POLICY = re.compile(rb"CREATE POLICY .*? TO (?P<roles>[^(;]*?)(?: USING| WITH CHECK|;|$)")
EVERYBODY = frozenset({"public", "current_user", "session_user", "current_role"})


@dataclass
class Server:
    """Features of the server that receives a dump, with notes on what was left out for it."""

    settings: set[str]
    extensions: set[str]
    roles: set[str]
    left_out: list[str] = field(default_factory=list)

    def lacks_extension(self, name: str) -> bool:
        """Return whether it lacks an extension, and note that."""
        if name in self.extensions:
            return False
        self._note(f"extension {name}, which this server does not have")
        return True

    def lacks_role(self, names: str) -> bool:
        """Return whether it lacks one of the roles of a policy, and note that."""
        roles = [name.strip().strip('"') for name in names.split(",")]
        missing_roles = [role for role in roles if role.lower() not in EVERYBODY | self.roles]
        for role in missing_roles:
            self._note(f"row-level security policies of the role {role}, which this server lacks")
        return bool(missing_roles)

    def _note(self, text: str) -> None:
        if text not in self.left_out:
            self.left_out.append(text)


def server_at(url: str) -> Server:
    """Ask a server for its settings, extensions and roles."""
    with psycopg.connect(url) as connection:
        settings, extensions, roles = (
            {row[0] for row in connection.execute(query)}
            for query in (
                b"SELECT name FROM pg_catalog.pg_settings",
                b"SELECT name FROM pg_catalog.pg_available_extensions",
                b"SELECT rolname FROM pg_catalog.pg_roles",
            )
        )
    return Server(settings, extensions, roles)


def unpack(file: Path, folder: Path) -> Path:
    """Decompress a dump into the folder if gzip has compressed it; return the SQL or archive.

    Raises:
        ServerError: If it is damaged.
    """
    if file.is_dir() or not _start(file).startswith(GZIP):
        return file
    unpacked_file = folder / "unpacked"
    try:
        with gzip.open(file) as source, unpacked_file.open("wb") as target:
            shutil.copyfileobj(source, target)
    except (OSError, EOFError) as error:
        raise ServerError(f"{file} is damaged: {error}") from None
    return unpacked_file


def is_archive(file: Path, name: Path) -> bool:
    """Return whether pg_restore has to read the dump; if not, it is SQL.

    Args:
        file: The dump, unpacked.
        name: The file as the person named it, for messages.

    Raises:
        ServerError: If it is neither.
    """
    if file.is_dir():
        return True
    start = _start(file)
    if start.startswith(ARCHIVE) or start[TAR_PLACE:].startswith(TAR):
        return True
    if start.startswith(OWN_FORMAT):
        raise ServerError(
            f"{name} is a backup made by admin-backup. Restore it into empty tables with\n"
            "curl -X POST http://127.0.0.1:5300/api/admin-restore "
            "-H 'Content-Type: application/json' \\\n"
            f'  -d \'{{"adminPassword": "…", "name": "{name.name}"}}\''
        )
    if CLUSTER in start:
        raise ServerError(
            f"{name} is a dump of a whole server (pg_dumpall). "
            "Dump the database alone, with pg_dump."
        )
    if b"\0" in start:
        raise ServerError(f"{name} is not a dump: neither SQL nor in a format of pg_dump.")
    return False


def adapt(source: Path, target: Path, server: Server) -> None:
    """Copy a script of pg_dump or pg_restore for this server; copy other SQL as it is."""
    with source.open("rb") as lines, target.open("wb") as script:
        if PG_DUMP in _start(source):
            script.writelines(_adapted_lines(lines, server))
        else:
            shutil.copyfileobj(lines, script)


def _adapted_lines(lines: Iterable[bytes], server: Server) -> Iterator[bytes]:
    in_rows = in_left_out_entry = in_entries = False
    for line in lines:
        if in_rows:
            in_rows = line.rstrip() != COPY_END
            yield line
            continue
        if (entry := ENTRY.match(line)) or line.startswith(END):
            in_entries = True
            in_left_out_entry = entry is not None and entry["type"] in RIGHTS
        if not in_left_out_entry and (policy := POLICY.match(line)):
            in_left_out_entry = server.lacks_role(policy["roles"].decode())
        if in_left_out_entry or _is_left_out(line, server, in_entries=in_entries):
            continue
        in_rows = COPY.fullmatch(line) is not None
        yield line


def _is_left_out(line: bytes, server: Server, *, in_entries: bool) -> bool:
    if OWN_SERVER.match(line) or (not in_entries and CLEANING.match(line)):
        return True
    if setting := SETTING.match(line):
        return setting[1].decode() not in server.settings
    extension = EXTENSION.match(line)
    return extension is not None and server.lacks_extension(extension[1].decode())


def _start(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(START_BYTES)
