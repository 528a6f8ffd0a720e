"""A server with the pages, and a browser, for all tests of this folder."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest
from playwright.sync_api import Browser, expect

from lib.settings import Settings
from local.demo.planner_accounts import demo_password
from local.redis_gateway.gateway import Gateway
from local.servers.postgres_server import PostgresServer
from tests.browser.offline import TOPIC
from tests.browser.school import Account, School
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, ENCRYPTION_KEY, INSTRUCTOR_PASSWORD
from tests.demo.demo_database import load_demo, load_planner_demo
from tests.support.browser import WatchedPage, find_browser, running_browser, watched_page
from tests.support.databases import Databases
from tests.support.local_server import LocalServer

# On a busy machine, the solver of plans takes seconds, and the browser's store may wait for 30 s.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """This machine's Chromium; closed with the module, because its driver runs an event loop."""
    path = find_browser()
    if path is None:
        pytest.skip("there is no Chromium on this machine: the pages were NOT tested")
    with running_browser(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def start_server(
    postgres_server: PostgresServer, databases: Databases, _gateway: Gateway
) -> Callable[..., LocalServer]:
    """Start a server of functions and pages as `make dev` does; the caller stops it.

    With `database="demo"`, its database has the demo of the workshop and the assessment; with
    `"planner"`, it has the demo of the study planner.
    """
    number = count(1)

    def start(database: str = "migrated") -> LocalServer:
        if database == "demo":
            databases.template("demo", "migrated", load_demo)
        if database == "planner":
            databases.template("planner", "migrated", load_planner_demo)
        name = f"browser_{next(number)}"
        environment = {
            "POSTGRES_URL": postgres_server.create_database(name, template=database),
            "UPSTASH_REDIS_REST_URL": _gateway.url,
            "UPSTASH_REDIS_REST_TOKEN": _gateway.token,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "INSTRUCTOR_PASSWORD": INSTRUCTOR_PASSWORD,
            "CRON_SECRET": CRON_SECRET,
            "ENCRYPTION_KEY": ENCRYPTION_KEY,
        }
        return LocalServer(environment, app="tests.support.served_pages:app")

    return start


@pytest.fixture(scope="session")
def server(start_server: Callable[[], LocalServer]) -> Iterator[LocalServer]:
    """The server that all tests share, without data."""
    server = start_server()
    yield server
    server.stop()


@pytest.fixture
def own_server(start_server: Callable[..., LocalServer]) -> Iterator[LocalServer]:
    """A server of one test alone, without data."""
    server = start_server()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def demo_server(start_server: Callable[..., LocalServer]) -> Iterator[LocalServer]:
    """A server with the demo data, for tests that change nothing on which others depend."""
    server = start_server("demo")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def student_server(start_server: Callable[..., LocalServer]) -> Iterator[LocalServer]:
    """A server with the demo data, for tests of the students' pages, which write."""
    server = start_server("demo")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def school(start_server: Callable[..., LocalServer]) -> Iterator[School]:
    """A server with the demo of the study planner, for tests that write."""
    server = start_server("planner")
    yield School(server.url, demo_password(Settings(encryption_key=ENCRYPTION_KEY)))
    server.stop()


@pytest.fixture
def visit(browser: Browser, server: LocalServer) -> Iterator[Callable[..., WatchedPage]]:
    """Open a path of the server, or of the one at `url`: `visit("/", width=320)`.

    Without `idle`, it does not wait half a second for further requests. With `clock`,
    the test can let the page's time pass faster: `page.clock.run_for(10_000)`.
    """
    with ExitStack() as stack:

        def open_page(
            path: str,
            *,
            width: int = 1200,
            dark: bool = False,
            url: str = server.url,
            clock: bool = False,
            idle: bool = True,
        ) -> WatchedPage:
            watched = stack.enter_context(watched_page(browser, url, width=width, dark=dark))
            if clock:
                watched.page.clock.install()
            watched.open(path, idle=idle)
            return watched

        yield open_page


@pytest.fixture
def student(school: School) -> Account:
    """A new student of the school."""
    return school.register()


@pytest.fixture(scope="module")
def topic(school: School) -> str:
    """The id of a topic whose questions can be answered with the keys 1 and 2."""
    topics = school.register().get("topics")["topics"]
    return str(next(each["id"] for each in topics if each["name"] == TOPIC))
