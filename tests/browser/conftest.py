"""One server with pages and one browser for all tests of this folder."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from local.redis_gateway.gateway import Gateway
from local.servers.postgres_server import PostgresServer
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, ENCRYPTION_KEY
from tests.support.browser import Watched, find_browser, running_browser, watched_page
from tests.support.local_server import LocalServer


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """This machine's Chromium, with the event loop of its driver: closed before others want one."""
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium on this machine: the pages were NOT looked at")
    with running_browser(path) as found:
        yield found


@pytest.fixture(scope="session")
def start_server(postgres_server: PostgresServer, _gateway: Gateway) -> Callable[[], LocalServer]:
    """Functions and pages, as `make dev` serves them; whoever starts one stops it."""
    environment = {
        "POSTGRES_URL": postgres_server.create_database("browser", template="migrated"),
        "UPSTASH_REDIS_REST_URL": _gateway.url,
        "UPSTASH_REDIS_REST_TOKEN": _gateway.token,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "CRON_SECRET": CRON_SECRET,
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
    }
    return lambda: LocalServer(environment, app="tests.support.served_pages:app")


@pytest.fixture(scope="session")
def server(start_server: Callable[[], LocalServer]) -> Iterator[LocalServer]:
    """One server for all tests."""
    served = start_server()
    yield served
    served.stop()


@pytest.fixture
def visit(browser: Browser, server: LocalServer) -> Iterator[Callable[..., Watched]]:
    """Open a path of the server, or of another: `visit("/", width=320)`."""
    with ExitStack() as stack:

        def go(path: str, *, width: int = 1200, url: str = server.url) -> Watched:
            watched = stack.enter_context(watched_page(browser, url, width=width))
            watched.open(path)
            return watched

        yield go
