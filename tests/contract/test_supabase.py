"""Every endpoint works on Supabase, and no call leaves a table open to everybody."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest

from local.redis_gateway.gateway import Gateway
from local.servers.postgres_server import PostgresServer
from local.servers.redis_server import RedisServer
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, ENCRYPTION_KEY, INSTRUCTOR_PASSWORD
from tests.contract.calls import CALLS
from tests.contract.comparing import send_all
from tests.contract.conftest import clear_failures
from tests.contract.legacy_calls import TABLES
from tests.support.local_server import LocalServer
from tests.support.s3_server import S3Server
from tests.support.supabase import Supabase, supabase_database
from tests.support.wire import Request, Response

LEGACY_TABLE = "public.workshop_students: "  # keeps its rights for the application before this one


@dataclass
class WatchedDeployment:
    """A deployment, and what was open to everybody after each call, except the legacy table."""

    server: LocalServer
    supabase: Supabase
    open_objects: dict[str, list[str]] = field(default_factory=dict)

    def send(self, request: Request) -> Response:
        response = self.server.send(request)
        for name in self.supabase.open_objects():
            if not name.startswith(LEGACY_TABLE):
                self.open_objects.setdefault(f"{request.method} {request.path}", []).append(name)
        return response


@pytest.fixture
def supabase(postgres_server: PostgresServer) -> Iterator[Supabase]:
    """A migrated database with a legacy table."""
    with supabase_database(postgres_server, "contract_supabase") as database:
        database.upgrade()
        with psycopg.connect(database.url()) as connection:
            connection.execute(TABLES)
        yield database


@pytest.fixture
def deployment(
    supabase: Supabase, redis_server: RedisServer, _gateway: Gateway, s3: S3Server
) -> Iterator[WatchedDeployment]:
    with redis_server.client() as client:
        client.flushall()
    variables = {
        "POSTGRES_URL": supabase.url(),
        "UPSTASH_REDIS_REST_URL": _gateway.url,
        "UPSTASH_REDIS_REST_TOKEN": _gateway.token,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "CRON_SECRET": CRON_SECRET,
        "INSTRUCTOR_PASSWORD": INSTRUCTOR_PASSWORD,
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
        **s3.create_bucket("contract-supabase"),
    }
    server = LocalServer(variables)
    yield WatchedDeployment(server, supabase)
    server.stop()


def test_owner_without_superuser_rights_can_do_everything_and_opens_nothing(
    deployment: WatchedDeployment, supabase: Supabase
) -> None:
    with psycopg.connect(supabase.url(), autocommit=True) as database:
        responses = send_all(deployment, CALLS, lambda: clear_failures(database))
    unexpected = {
        str(call): response.body
        for call, response in zip(CALLS, responses, strict=True)
        if response.status != call.status
    }
    assert unexpected == {}
    assert deployment.open_objects == {}
