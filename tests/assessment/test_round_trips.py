"""Round trips of a warm request, counted by a Postgres proxy and by the Redis gateway."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps
from local.redis_gateway.gateway import Gateway
from tests.assessment.conftest import Student, make_questions, upload
from tests.support.postgres_proxy import PostgresProxy


@pytest.fixture
def deps(deps_behind_proxy: Deps) -> Deps:
    return deps_behind_proxy


@pytest.fixture
def pool(client: TestClient, operator: dict[str, str]) -> str:
    """A pool in this process's memory, with all its questions in the cache."""
    pool_id = upload(client, operator, make_questions(5))
    warm = Student(client, pool_id, "warm")
    warm.start()
    for _ in range(4):
        warm.answer()
    warm.end()
    Student(client, pool_id, "warmer").start()
    return pool_id


class Trips:
    """Round trips of a `with` block."""

    postgres = 0
    redis = 0


@contextmanager
def counting(postgres_proxy: PostgresProxy, gateway: Gateway) -> Iterator[Trips]:
    trips, before = Trips(), gateway.requests
    with postgres_proxy.counting() as postgres_trips:
        yield trips
    trips.postgres, trips.redis = postgres_trips[0], gateway.requests - before


def cost(trips: Trips) -> tuple[int, int]:
    return trips.postgres, trips.redis


def test_start_takes_one_round_trip_to_postgres_and_one_to_redis(
    client: TestClient, pool: str, postgres_proxy: PostgresProxy, redis_gateway: Gateway
) -> None:
    for student_id in ("new", "new", "warm"):  # a new student, the same again, a returning one
        student = Student(client, pool, student_id)
        for start in (student.start, student.resume):
            with counting(postgres_proxy, redis_gateway) as trips:
                start()
            assert cost(trips) == (1, 1), student_id


def test_submit_takes_one_round_trip_to_postgres_and_two_to_redis(
    client: TestClient, pool: str, postgres_proxy: PostgresProxy, redis_gateway: Gateway
) -> None:
    ann = Student(client, pool)
    ann.start(end_criteria={"max_questions": 3})
    for count in range(3):
        with counting(postgres_proxy, redis_gateway) as trips:
            response = ann.answer(right=count == 1)
        assert cost(trips) == (1, 2), f"answer {count}"
    assert response["status"] == "completed"


def test_end_takes_one_round_trip_to_postgres_and_two_to_redis(
    client: TestClient, pool: str, postgres_proxy: PostgresProxy, redis_gateway: Gateway
) -> None:
    for answers, student_id in ((0, "new"), (2, "newer"), (0, "warm")):
        student = Student(client, pool, student_id)
        student.start()
        for _ in range(answers):
            student.answer()
        with counting(postgres_proxy, redis_gateway) as trips:
            student.end()
        assert cost(trips) == (1, 2)


def test_status_and_history_take_one_round_trip_to_postgres(
    client: TestClient, pool: str, postgres_proxy: PostgresProxy, redis_gateway: Gateway
) -> None:
    ann = Student(client, pool)
    ann.start()
    with counting(postgres_proxy, redis_gateway) as trips:
        assert client.get(f"/api/test/status/{ann.session_id}").status_code == 200
    assert cost(trips) == (1, 0)
    with counting(postgres_proxy, redis_gateway) as trips:
        history = client.get("/api/student/ann/history", params={"session_id": ann.session_id})
        assert history.status_code == 200
    assert cost(trips) == (1, 0)  # access check and history together


def test_start_with_a_ticket_takes_one_round_trip_to_postgres_and_one_to_redis_each_time(
    client: TestClient,
    operator: dict[str, str],
    pool: str,
    postgres_proxy: PostgresProxy,
    redis_gateway: Gateway,
) -> None:
    body = {"question_pool_id": pool, "student_ids": ["warm"]}
    (ticket,) = client.post("/api/test/tickets", json=body, headers=operator).json()["tickets"]
    for count in range(2):
        with counting(postgres_proxy, redis_gateway) as trips:
            response = client.post("/api/test/start", json={"ticket": ticket["ticket"]})
        assert response.status_code == 200
        assert cost(trips) == (1, 1), f"start {count}"
