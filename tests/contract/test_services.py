"""Addresses as consoles show them, unresponsive services, and request ids, on each platform."""

import json
import sys
import time
from collections.abc import Callable

import pytest

from tests.contract.conftest import DEPLOYMENTS, running_deployment
from tests.support.local_server import LocalServer
from tests.support.silent_server import SilentServer, UnreachableServer
from tests.support.vercel_runtime import VercelDeployment
from tests.support.wire import Request, Response

SECRET = "correct-horse"
PASTED_FORMS = {
    "Supabase through Vercel": "{}&sslmode=require&supa=base-pooler.x",
    "Prisma, quoted, with blanks": ' "{}&pgbouncer=true&connection_limit=1&schema=public" \n',
    "copied from a console": "psql '{}&workaround=supabase-pooler.vercel&supa_typo=1'",
}


@pytest.fixture(scope="module")
def variables(environment: Callable[[str], dict[str, str]]) -> dict[str, str]:
    return environment("services")


def health(platform: str, variables: dict[str, str]) -> Response:
    with running_deployment(platform, variables) as deployment:
        return deployment.send(Request("GET", "/api/health"))


@pytest.mark.parametrize("form", PASTED_FORMS.values(), ids=PASTED_FORMS)
@pytest.mark.parametrize("platform", DEPLOYMENTS)
def test_addresses_work_as_they_are_pasted(
    platform: str, form: str, variables: dict[str, str]
) -> None:
    address = variables["POSTGRES_URL"].replace("postgresql:", "postgresql+psycopg:")
    response = health(platform, {**variables, "POSTGRES_URL": form.format(address)})
    # The earlier service's name for Postgres is `supabase`.
    assert response.body["services"] == {"postgres": "up", "redis": "up", "supabase": "up"}
    remarks = [remark.partition(",")[0] for remark in response.body["remarks"]]
    expected = ["POSTGRES_URL: unknown option supa_typo"] if "supa_typo" in form else []
    assert (response.status, remarks) == (200, expected)


@pytest.mark.parametrize("platform", DEPLOYMENTS)
def test_settings_that_cannot_be_used_are_named(platform: str, variables: dict[str, str]) -> None:
    unusable = {
        "POSTGRES_URL": f"mysql://u:{SECRET}@h/d",
        "UPSTASH_REDIS_REST_URL": f"rediss://default:{SECRET}@h.upstash.io:6379",
    }
    response = health(platform, {**variables, **unusable})
    assert response.status == 503
    states = dict.fromkeys(("postgres", "redis", "supabase"), "not configured")
    assert response.body["services"] == states
    postgres, redis = response.body["remarks"]
    assert postgres == "POSTGRES_URL: it begins with mysql://, but should begin with postgresql://"
    assert redis.startswith("UPSTASH_REDIS_REST_URL: it is not a REST address")
    assert SECRET not in json.dumps(response.body)


@pytest.mark.parametrize("platform", DEPLOYMENTS)
def test_health_responds_while_both_services_are_silent(
    platform: str, variables: dict[str, str]
) -> None:
    """A second connection would mean that the response waited 3 s until the first had failed."""
    postgres, redis = SilentServer(), UnreachableServer()
    silent_services = {
        "POSTGRES_URL": f"postgresql://u:p@127.0.0.1:{postgres.port}/d",
        "UPSTASH_REDIS_REST_URL": f"http://127.0.0.1:{redis.port}",
    }
    response = health(platform, {**variables, **silent_services})
    assert response.status == 503
    assert response.body["services"] == {"postgres": "down", "redis": "down", "supabase": "down"}
    assert len(postgres.connections) == 1
    postgres.close()
    redis.close()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Vercel's runtime needs Python 3.12")
def test_vercels_request_id_is_logged_beside_ours(variables: dict[str, str]) -> None:
    usual = "fra1::iad1::abcde-1700000000000-0123456789ab"
    logged_ids = {
        usual: usual,
        '"},{"event":"forged': "_____event_:_forged",
        "x" * 500: "x" * 100,
    }
    with running_deployment("vercel", variables) as deployment:
        assert isinstance(deployment, VercelDeployment)
        for sent_id, logged_id in logged_ids.items():
            request = Request("GET", "/api/health", headers={"x-vercel-id": sent_id})
            request_id = deployment.send(request).headers["x-request-id"]
            line = deployment.function("operations.health").log_line(request_id)
            assert line["platform_request"] == logged_id


def test_outside_vercel_a_caller_cannot_write_an_id_into_the_log(variables: dict[str, str]) -> None:
    with running_deployment("local", variables) as deployment:
        assert isinstance(deployment, LocalServer)
        response = deployment.send(Request("GET", "/health", headers={"x-vercel-id": "forged"}))
        while response.headers["x-request-id"] not in deployment.output():
            time.sleep(0.01)
        assert "forged" not in deployment.output()
