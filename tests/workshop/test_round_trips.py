"""Round trips to Postgres per request, counted on the wire."""

from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps
from lib.web.functions import function_app
from tests.support.postgres_proxy import PostgresProxy
from tests.workshop.conftest import TOKEN

PATH = "/api/student-progress"
REPORT: dict[str, Any] = {
    "sessionToken": TOKEN,
    "studentEmail": "ann@example.com",
    "stepNumber": 3,
    "completed": True,
    "timeSpent": 450,
    "deploymentUrl": "https://a.example",
}


@pytest.fixture
def warm_client(deps_behind_proxy: Deps) -> TestClient:  # noqa: ARG001 the fixture installs them
    client = TestClient(function_app("workshop.student_progress"))
    assert client.get(PATH, params={"studentEmail": "a@b.c"}).status_code == 200
    return client


def test_first_report_of_a_new_person_takes_one_round_trip(
    postgres_proxy: PostgresProxy, warm_client: TestClient
) -> None:
    with postgres_proxy.counting() as trips:
        response = warm_client.post(PATH, json=REPORT, headers={"Idempotency-Key": "k"})
    assert response.status_code == 200
    assert trips == [1]


def test_later_and_repeated_reports_take_one_round_trip_each(
    postgres_proxy: PostgresProxy, warm_client: TestClient
) -> None:
    warm_client.post(PATH, json=REPORT, headers={"Idempotency-Key": "k"})
    with postgres_proxy.counting() as trips:
        warm_client.post(PATH, json=REPORT, headers={"Idempotency-Key": "k"})
        warm_client.post(PATH, json=REPORT)
        warm_client.post(PATH, json={**REPORT, "studentEmail": "eve@example.com"})
    assert trips == [3]


@pytest.mark.parametrize("params", [{"sessionToken": TOKEN}, {"studentEmail": "ann@example.com"}])
def test_look_up_takes_one_round_trip(
    postgres_proxy: PostgresProxy, warm_client: TestClient, params: dict[str, str]
) -> None:
    warm_client.post(PATH, json=REPORT)
    with postgres_proxy.counting() as trips:
        assert warm_client.get(PATH, params=params).status_code == 200
    assert trips == [1]


def test_each_statement_of_a_transaction_is_counted(postgres_proxy: PostgresProxy) -> None:
    with psycopg.connect(postgres_proxy.url) as connection:
        connection.execute("SELECT 1")
        with postgres_proxy.counting() as trips:
            connection.execute("SELECT 1")
            connection.execute("SELECT 2")
        assert trips == [2]
