"""`make dev`: run servers, migrate, load the demo, and restart the worker after code changes."""

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

from lib.settings import Settings
from local.demo.examples import examples
from local.demo.planner_accounts import accounts, demo_password
from local.servers.child import Child, FolderLock, ServerError
from local.servers.launch import end_with_starter
from local.servers.running import URL_NAME, announce, claim, withdraw
from local.services import Services, running_services, service_variables
from local.upgrade_output import explain, report_lines
from local.worker import DEMO

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[1]
CODE = tuple(ROOT / name for name in ("api", "lib", "sql", "migrations"))
SCHEMA = ("sql", "migrations")
BACKLOG = 128
READY_SECONDS = 60.0
RESPONSE_SECONDS = 5.0
POLL_SECONDS = 0.5
SERVED_ANYWAY = (
    "The server starts anyway: calls that need what is missing return 503, and /health names it."
)
OPEN_TESTS = {"OPEN_TESTS_COUNT": "1"}
"""Setting with which tests without a ticket count: a student's next test starts from them."""
TRUST_LOOPBACK = {"STEPWISE_TRUST_LOOPBACK": "1"}
"""Setting with which operators' calls from this machine need no password."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """A signal asked the process to stop."""


class DevServer:
    """A run of `make dev`.

    Args:
        folder: Folder of the data.
        port: Port to listen on; 0 for a free one.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port

    def run(self) -> int:
        """Serve until asked to stop; return the exit code."""
        _handle_signals()
        try:
            lock_or_dev = claim(self._folder)
            if not isinstance(lock_or_dev, FolderLock):
                print(
                    f"Stepwise is already running at {lock_or_dev.url} (process {lock_or_dev.pid})."
                )
                print(f"Stop it with Ctrl-C in its terminal, or: kill {lock_or_dev.pid}")
                return 1
            with lock_or_dev:
                self._serve()
        except StopRequested:
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
            environment = OPEN_TESTS | services.environment | TRUST_LOOPBACK
            announce(self._folder, url, service_variables(environment))
            stack.callback(withdraw, self._folder)
            if self._migrate(environment):
                self._load_demo(services, url)
            changes = stack.enter_context(_changes())  # watch before the worker reads the code
            demo = {} if services.postgres is None else {DEMO: "1"}
            worker = Worker(listener, environment | demo)
            stack.callback(worker.stop)
            worker.start()
            worker.wait_until_ready()
            _print_addresses(url, services)
            self._watch(worker, services, changes)

    def _watch(self, worker: "Worker", services: Services, changes: queue.Queue[set[Path]]) -> None:
        """Restart the worker after code changes or a kill, and Redis if it has ended."""
        while True:
            with suppress(queue.Empty):
                changed_files = changes.get(timeout=POLL_SECONDS)
                names = sorted(str(path.relative_to(ROOT)) for path in changed_files)
                print(f"Changed: {', '.join(names)}", flush=True)
                if any(name.startswith(SCHEMA) for name in names):
                    self._migrate(services.environment)
                worker.stop()
                worker.start()
            services.restart_redis_if_ended()
            worker.restart_if_killed()

    def _migrate(self, environment: dict[str, str]) -> bool:
        """Bring the schema up to date; if that fails, print the reason and return False.

        The server starts in any case: each call reports what the database lacks.
        """
        log = self._folder / "migrate.log"
        try:
            _run_once(["migrate.py", "upgrade"], environment, log)
        except ServerError:
            print(explain(log.read_text(errors="replace")), SERVED_ANYWAY, file=sys.stderr)
            return False
        print("".join(f"{line}\n" for line in report_lines(log.read_text())), end="", flush=True)
        return True

    def _load_demo(self, services: Services, url: str) -> None:
        """Load the demo on the first run, and only into the embedded database."""
        if services.postgres is None:
            return
        marker = services.postgres.folder / "demo-loaded"
        if marker.exists():
            return
        try:
            environment = services.environment | {URL_NAME: url}
            _run_once(["-m", "local.demo"], environment, self._folder / "demo.log")
            marker.touch()
        except ServerError as error:
            print(f"The demo data could not be loaded. Try again with `make seed`.\n{error}")


class Worker:
    """A process that serves requests, on a socket that its successor takes over."""

    def __init__(self, listener: socket.socket, environment: dict[str, str]) -> None:
        self._listener = listener
        self._environment = environment
        self._child: Child | None = None

    def start(self) -> None:
        """Start the process; requests wait in the socket until it is ready."""
        number = self._listener.fileno()
        self._child = Child(
            [sys.executable, "-m", "local.worker", str(number)],
            log=None,
            environment=self._environment,
            keep_open=(number,),
        )

    def stop(self) -> None:
        """Stop the process, if one is running, after the requests under way."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def restart_if_killed(self) -> None:
        """Start a new process if a signal ended it; after a failure, wait for a code change."""
        if self._child is None or self._child.running:
            return
        code = self._child.wait()
        self._child = None
        if code < 0:
            self.start()
        else:
            print(
                "The worker has ended. It starts again after the next code change.",
                flush=True,
            )

    def wait_until_ready(self) -> None:
        """Return when the process responds.

        Raises:
            ServerError: If it ends first, or does not respond in time.
        """
        deadline = time.monotonic() + READY_SECONDS
        while self._child is not None:
            if _responds(self._listener.getsockname()):
                return
            self._child.require_running()
            if time.monotonic() > deadline:
                raise ServerError(
                    f"The worker has not responded for {READY_SECONDS:.0f} s. Run `make dev` again."
                )


def _responds(address: tuple[str, int]) -> bool:
    connection = http.client.HTTPConnection(*address, timeout=RESPONSE_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status > 0
    except OSError:
        return False
    finally:
        connection.close()


def _handle_signals() -> None:
    """Stop on the first signal; under make on Linux, stop also when make is killed."""
    if "MAKELEVEL" in os.environ and sys.platform == "linux":
        end_with_starter(os.getppid(), signal.SIGTERM)
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)  # stopping already
    raise StopRequested


@contextmanager
def _listen(port: int) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server((HOST, port), backlog=BACKLOG)
    except OverflowError:
        raise ServerError(f"There is no port {port}. Choose one from 1 to 65535.") from None
    except OSError as error:
        raise ServerError(
            f"Port {port} is not free ({error.strerror}). "
            f"Stop the program that uses it, or choose another port: make dev PORT={port + 1}"
        ) from None
    with listener:
        yield listener


@contextmanager
def _changes() -> Iterator[queue.Queue[set[Path]]]:
    """Watch the code during a block; yield a queue of sets of changed files."""
    changed_files: queue.Queue[set[Path]] = queue.Queue()
    ended = threading.Event()

    def put_changes() -> None:
        files = PythonFilter(extra_extensions=(".sql", ".json"))
        for changes in watch(*CODE, watch_filter=files, stop_event=ended, raise_interrupt=False):
            changed_files.put({Path(path) for _, path in changes})

    watcher = threading.Thread(target=put_changes, daemon=True)
    watcher.start()
    try:
        yield changed_files
    finally:
        ended.set()
        watcher.join()


def _run_once(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    """Run a Python program of the project and wait for its end."""
    log.unlink(missing_ok=True)
    child = Child([sys.executable, *arguments], log=log, environment=environment)
    try:
        if child.wait() != 0:
            raise ServerError(f"{' '.join(arguments)} failed:\n{child.log_tail()}")
    finally:
        child.stop()


def _print_addresses(url: str, services: Services) -> None:
    environment = services.environment
    database = environment.get("DATABASE_URL") if services.postgres else "set by the environment"
    cache = environment["UPSTASH_REDIS_REST_URL"] if services.redis else "set by the environment"
    rows = (
        ("Stepwise", url),
        ("API", f"{url}/docs"),
        ("Health", f"{url}/health"),
        ("Admin password", environment["ADMIN_PASSWORD"]),
        ("PostgreSQL", database),
        ("Redis over REST", cache),
        ("Stop", "Ctrl-C; the data are kept"),
    )
    lines = "\n".join(f"  {name:<16} {value}" for name, value in rows)
    print(f"\n{lines}\n", flush=True)
    if services.postgres is not None:  # the embedded database has the demo
        settings = Settings(encryption_key=environment["ENCRYPTION_KEY"])
        print(f"{accounts(demo_password(settings))}\n", flush=True)
        print(examples(url), flush=True)
