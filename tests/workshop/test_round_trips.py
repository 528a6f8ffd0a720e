"""What a request costs in round trips to Postgres, counted on the wire."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from tests.support.round_trips import Wire, counted_wire
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
def wire(settings: Settings) -> Iterator[Wire]:
    with counted_wire(str(settings.postgres_url)) as wire:
        yield wire


@pytest.fixture
def warm(wire: Wire, settings: Settings) -> Iterator[TestClient]:
    deps = Deps(replace(settings, postgres_url=wire.url))
    install_deps(deps)
    client = TestClient(function_app("workshop.student_progress"))
    assert client.get(PATH, params={"studentEmail": "a@b.c"}).status_code == 200
    yield client
    install_deps(None)
    deps.close()


def test_first_report_of_a_new_person_takes_one_round_trip(wire: Wire, warm: TestClient) -> None:
    with wire.counting() as trips:
        answer = warm.post(PATH, json=REPORT, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 200
    assert trips == [1]


def test_later_and_repeated_reports_take_one_round_trip_each(wire: Wire, warm: TestClient) -> None:
    warm.post(PATH, json=REPORT, headers={"Idempotency-Key": "k"})
    with wire.counting() as trips:
        warm.post(PATH, json=REPORT, headers={"Idempotency-Key": "k"})
        warm.post(PATH, json=REPORT)
        warm.post(PATH, json={**REPORT, "studentEmail": "eve@example.com"})
    assert trips == [3]


@pytest.mark.parametrize("params", [{"sessionToken": TOKEN}, {"studentEmail": "ann@example.com"}])
def test_look_up_takes_one_round_trip(wire: Wire, warm: TestClient, params: dict[str, str]) -> None:
    warm.post(PATH, json=REPORT)
    with wire.counting() as trips:
        assert warm.get(PATH, params=params).status_code == 200
    assert trips == [1]


def test_counter_sees_each_statement_of_a_transaction(wire: Wire, settings: Settings) -> None:
    import psycopg

    assert settings.postgres_url
    with psycopg.connect(wire.url) as connection:
        connection.execute("SELECT 1")
        with wire.counting() as trips:
            connection.execute("SELECT 1")
            connection.execute("SELECT 2")
        assert trips == [2]
