"""`make dev`: servers, schema, demo, and a worker that is replaced when the code changes."""

import http.client
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

from watchfiles import PythonFilter, watch

from local.servers.child import Child, FolderLock, ServerError
from local.servers.launch import end_with_starter
from local.servers.running import announce, claim, withdraw
from local.services import Services, running_services, shared

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[1]
CODE = tuple(ROOT / name for name in ("api", "lib", "sql", "migrations"))
SCHEMA = ("sql", "migrations")
BACKLOG = 128
READY_SECONDS = 60.0
ANSWER_SECONDS = 5.0
LOOK_SECONDS = 0.5
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked us to stop."""


class DevServer:
    """One `make dev`.

    Args:
        folder: Where the data are.
        port: Where to answer; 0 for a free one.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port

    def run(self) -> int:
        """Serve until asked to stop; the exit code."""
        _listen_to_signals()
        try:
            claimed = claim(self._folder)
            if not isinstance(claimed, FolderLock):
                print(f"Stepwise runs already at {claimed.url} (process {claimed.pid}).")
                print(f"Stop it with Ctrl-C in its terminal, or: kill {claimed.pid}")
                return 1
            with claimed:
                self._serve()
        except Stopped:
            print("Stopped; nothing was left running.", flush=True)
            return 0
        except (ServerError, ValueError) as error:
            print(error, file=sys.stderr)
            return 1
        return 0

    def _serve(self) -> None:
        with ExitStack() as stack:
            listener = stack.enter_context(_listen(self._port))
            url = f"http://{HOST}:{listener.getsockname()[1]}"
            services = stack.enter_context(running_services(self._folder))
            environment = services.environment | {"STEPWISE_TRUST_LOOPBACK": "1"}
            announce(self._folder, url, shared(environment))
            stack.callback(withdraw, self._folder)
            self._migrate(environment)
            self._load_demo(services)
            changes = stack.enter_context(_changes())  # before the worker reads the code
            worker = Worker(listener, environment)
            stack.callback(worker.stop)
            worker.start()
            worker.wait_until_ready()
            _introduce(url, services)
            self._attend(worker, services, changes)

    def _attend(
        self, worker: "Worker", services: Services, changes: queue.Queue[set[Path]]
    ) -> None:
        """Replace the worker when the code changes or something killed it."""
        while True:
            with suppress(queue.Empty):
                changed = changes.get(timeout=LOOK_SECONDS)
                names = sorted(str(path.relative_to(ROOT)) for path in changed)
                print(f"Changed: {', '.join(names)}", flush=True)
                if any(name.startswith(SCHEMA) for name in names):
                    self._try_to_migrate(services.environment)
                worker.stop()
                worker.start()
            services.mend()
            worker.revive()

    def _migrate(self, environment: dict[str, str]) -> None:
        _run_once(["migrate.py", "upgrade"], environment, self._folder / "migrate.log")

    def _try_to_migrate(self, environment: dict[str, str]) -> None:
        try:
            self._migrate(environment)
        except ServerError as error:
            print(error, file=sys.stderr)

    def _load_demo(self, services: Services) -> None:
        """On the first run, and only into a database of our own."""
        if services.postgres is None:
            return
        done = services.postgres.folder / "demo-loaded"
        if done.exists():
            return
        try:
            _run_once(["-m", "local.demo"], services.environment, self._folder / "demo.log")
            done.touch()
        except ServerError as error:
            print(f"The demo data could not be loaded; `make seed` tries again.\n{error}")


class Worker:
    """The process that answers requests, on a socket that outlives it."""

    def __init__(self, listener: socket.socket, environment: dict[str, str]) -> None:
        self._listener = listener
        self._environment = environment
        self._child: Child | None = None

    def start(self) -> None:
        """Start one; requests wait in the socket until it is ready."""
        number = self._listener.fileno()
        self._child = Child(
            [sys.executable, "-m", "local.worker", str(number)],
            log=None,
            environment=self._environment,
            keep_open=(number,),
        )

    def stop(self) -> None:
        """Stop it after the requests under way; harmless if there is none."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def revive(self) -> None:
        """Start another if it was killed; one that failed waits for the code to change."""
        if self._child is None or self._child.running:
            return
        code = self._child.wait()
        self._child = None
        if code < 0:
            self.start()
        else:
            print("The worker has stopped; it starts again after the next change.", flush=True)

    def wait_until_ready(self) -> None:
        """Return when it answers.

        Raises:
            ServerError: If it ends before.
        """
        deadline = time.monotonic() + READY_SECONDS
        while self._child is not None:
            if _answers(self._listener.getsockname()):
                return
            self._child.require_running()
            if time.monotonic() > deadline:
                raise ServerError("The worker does not answer.")


def _answers(address: tuple[str, int]) -> bool:
    connection = http.client.HTTPConnection(*address, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status > 0
    except OSError:
        return False
    finally:
        connection.close()


def _listen_to_signals() -> None:
    """End on a signal, once; and if we run under make, when make is killed."""
    if "MAKELEVEL" in os.environ and sys.platform == "linux":
        end_with_starter(os.getppid(), signal.SIGTERM)
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)  # we are at it
    raise Stopped


@contextmanager
def _listen(port: int) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server((HOST, port), backlog=BACKLOG)
    except OverflowError:
        raise ServerError(f"There is no port {port}: choose one from 1 to 65535.") from None
    except OSError as error:
        raise ServerError(
            f"Port {port} is not free ({error.strerror}). "
            f"Stop the program that uses it, or choose another: make dev PORT={port + 1}"
        ) from None
    with listener:
        yield listener


@contextmanager
def _changes() -> Iterator[queue.Queue[set[Path]]]:
    """Sets of changed files, as they come."""
    found: queue.Queue[set[Path]] = queue.Queue()
    over = threading.Event()

    def look() -> None:
        kind = PythonFilter(extra_extensions=(".sql", ".json"))
        for changes in watch(*CODE, watch_filter=kind, stop_event=over, raise_interrupt=False):
            found.put({Path(path) for _, path in changes})

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


def _run_once(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    """Run a Python program of the project to its end."""
    log.unlink(missing_ok=True)
    child = Child([sys.executable, *arguments], log=log, environment=environment)
    try:
        if child.wait() != 0:
            raise ServerError(f"{' '.join(arguments)} failed:\n{child.log_tail()}")
    finally:
        child.stop()


def _introduce(url: str, services: Services) -> None:
    environment = services.environment
    database = environment.get("DATABASE_URL") if services.postgres else "given by the environment"
    cache = environment["UPSTASH_REDIS_REST_URL"] if services.redis else "given by the environment"
    rows = (
        ("Stepwise", url),
        ("API", f"{url}/docs"),
        ("Health", f"{url}/health"),
        ("Admin password", environment["ADMIN_PASSWORD"]),
        ("PostgreSQL", database),
        ("Redis over REST", cache),
        ("Stop", "Ctrl-C; the data stay"),
    )
    lines = "\n".join(f"  {name:<16} {value}" for name, value in rows)
    print(f"\n{lines}\n", flush=True)
