"""/health responds before its deadline although services do not; see also tests/contract."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import anyio.to_thread
import pytest
from fastapi.testclient import TestClient

from lib.database.postgres import Postgres
from lib.deps import Deps, install_deps
from lib.operations.health.check import CHECK_SECONDS
from lib.settings import Settings
from lib.web.functions import function_app
from tests.support.silent_server import SilentServer, UnreachableServer


@pytest.fixture
def silent() -> Iterator[SilentServer]:
    server = SilentServer()
    yield server
    server.close()


@pytest.fixture
def unreachable() -> Iterator[UnreachableServer]:
    server = UnreachableServer()
    yield server
    server.close()


@contextmanager
def client_of(deps: Deps) -> Iterator[TestClient]:
    install_deps(deps)
    yield TestClient(function_app("operations.health"))
    install_deps(None)
    deps.close()


def states(client: TestClient) -> tuple[int, str, str]:
    response = client.get("/health")
    services = response.json()["services"]
    return response.status_code, services["postgres"], services["redis"]


def test_the_time_limit_leaves_time_to_send_the_response() -> None:
    assert 1 < CHECK_SECONDS < 1.8


def test_postgres_that_accepts_but_does_not_respond_is_tried_once(
    settings: Settings, silent: SilentServer
) -> None:
    """Without its own deadline, the check would connect again after the first try's 3 s."""
    url = f"postgresql://u:p@127.0.0.1:{silent.port}/d"
    with client_of(Deps(replace(settings, postgres_url=url))) as client:
        assert states(client) == (503, "down", "up")
        assert len(silent.connections) == 1


def test_silent_services_are_asked_at_the_same_time(
    settings: Settings, silent: SilentServer, unreachable: UnreachableServer
) -> None:
    silent_services = replace(
        settings,
        postgres_url=f"postgresql://u:p@127.0.0.1:{unreachable.port}/d",
        redis_url=f"http://127.0.0.1:{silent.port}",
    )
    with client_of(Deps(silent_services)) as client:
        assert states(client) == (503, "down", "down")
        assert len(silent.connections) == 1, "Redis was asked while Postgres was silent"


def test_a_redis_that_accepts_no_connection_makes_nothing_else_unavailable(
    settings: Settings, unreachable: UnreachableServer
) -> None:
    with client_of(
        Deps(replace(settings, redis_url=f"http://127.0.0.1:{unreachable.port}"))
    ) as client:
        assert states(client) == (200, "up", "down")


class BusyDeps(Deps):
    """Dependencies whose only connection to the database is in use."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        assert settings.postgres_url is not None
        self.busy_postgres = Postgres(settings.postgres_url, max_connections=1, wait_seconds=60)

    @property
    def postgres(self) -> Postgres:
        return self.busy_postgres


def checks_under_way() -> int:
    return sum(thread.name == "health of postgres" for thread in threading.enumerate())


def test_the_response_does_not_wait_for_a_check_that_nothing_can_interrupt(
    settings: Settings,
) -> None:
    """A check may wait for a name server; until it ends, it is not started a second time."""
    deps = BusyDeps(settings)
    with client_of(deps) as client:
        with deps.busy_postgres.transaction():
            assert states(client) == (503, "down", "up")
            assert checks_under_way() == 1
            assert states(client) == (503, "down", "up")
            assert checks_under_way() == 1
        while checks_under_way():
            time.sleep(0.01)
        assert states(client) == (200, "up", "up")
        deps.busy_postgres.close()


def test_calls_that_use_every_thread_do_not_delay_the_response(settings: Settings) -> None:
    release = threading.Event()

    async def hold_every_thread() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1
        await anyio.to_thread.run_sync(release.wait)

    with client_of(Deps(settings)) as client, client:
        assert client.portal is not None
        task = client.portal.start_task_soon(hold_every_thread)
        assert states(client) == (200, "up", "up")
        assert not task.done()
        release.set()
