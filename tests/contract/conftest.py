"""Fixtures that send the same calls to each platform, which has a database of its own."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import psycopg
import pytest

from local.redis_gateway.gateway import Gateway
from local.servers.postgres_server import PostgresServer
from local.servers.redis_server import RedisServer
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, ENCRYPTION_KEY, INSTRUCTOR_PASSWORD
from tests.contract.calls import CALLS
from tests.contract.comparing import ComparableResponse, send_all
from tests.contract.legacy_calls import TABLES
from tests.support.lambda_runtime import LambdaDeployment
from tests.support.local_server import LocalServer
from tests.support.s3_server import S3Server
from tests.support.vercel_runtime import VercelDeployment

DEPLOYMENTS: dict[
    str, Callable[[dict[str, str]], LocalServer | VercelDeployment | LambdaDeployment]
]
DEPLOYMENTS = {"local": LocalServer, "lambda": LambdaDeployment}
if sys.version_info >= (3, 12):  # older versions cannot import Vercel's runtime
    DEPLOYMENTS["vercel"] = VercelDeployment


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report a platform that could not be tested."""
    if "vercel" not in DEPLOYMENTS:
        terminalreporter.write_line("NOT TESTED: Vercel's runtime, which needs Python 3.12")


def clear_failures(database: psycopg.Connection) -> None:
    """Forget failed passwords."""
    database.execute("DELETE FROM public.operator_failures")


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3 server for backups."""
    server = S3Server()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def environment(
    postgres_server: PostgresServer, redis_server: RedisServer, _gateway: Gateway, s3: S3Server
) -> Callable[[str], dict[str, str]]:
    """Make a deployment's variables: a migrated database with a legacy table, Redis, a bucket."""

    def make(name: str) -> dict[str, str]:
        with redis_server.client() as client:
            client.flushall()
        url = postgres_server.create_database(f"contract_{name}", "migrated")
        with psycopg.connect(url) as database:
            database.execute(TABLES)
        return {
            "POSTGRES_URL": url,
            "UPSTASH_REDIS_REST_URL": _gateway.url,
            "UPSTASH_REDIS_REST_TOKEN": _gateway.token,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "INSTRUCTOR_PASSWORD": INSTRUCTOR_PASSWORD,
            "CRON_SECRET": CRON_SECRET,
            "ENCRYPTION_KEY": ENCRYPTION_KEY,
            **s3.create_bucket(f"contract-{name}"),
        }

    return make


@contextmanager
def running_deployment(
    platform: str, variables: dict[str, str]
) -> Iterator[LocalServer | VercelDeployment | LambdaDeployment]:
    """Run a deployment on a platform for a block."""
    deployment = DEPLOYMENTS[platform](variables)
    try:
        yield deployment
    finally:
        deployment.stop()


@pytest.fixture(scope="session")
def responses_on(
    environment: Callable[[str], dict[str, str]],
) -> Callable[[str], list[ComparableResponse]]:
    """The responses of a platform to all calls, which are sent on first use."""

    @cache
    def on(platform: str) -> list[ComparableResponse]:
        variables = environment(platform)
        with (
            psycopg.connect(variables["POSTGRES_URL"], autocommit=True) as database,
            running_deployment(platform, variables) as deployment,
        ):
            return send_all(deployment, CALLS, lambda: clear_failures(database))

    return on
