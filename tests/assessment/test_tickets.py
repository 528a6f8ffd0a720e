"""Tickets: who may take which test, until when, how often and under which criteria."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from local.redis_gateway.faults import Fault
from local.redis_gateway.gateway import Gateway
from tests.assessment.conftest import Rows, Student, make_questions, upload, wait_for_a_lock
from tests.assessment.test_exactly_once import at_once
from tests.assessment.tickets import TicketHolder, issue
from tests.conftest import ENCRYPTION_KEY, INSTRUCTOR_PASSWORD

OTHER_KEY = "fedcba9876543210" * 4
COUNT_SESSIONS = "SELECT count(*)::int FROM assessment.test_sessions"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a deployment, where a test without proof does not count."""
    return replace(settings, open_tests_count=False)


@pytest.fixture
def ticket_pool(client: TestClient, operator: dict[str, str]) -> str:
    """A pool whose tests need a ticket."""
    return upload(client, operator, make_questions(60), admission="ticket")


Reconfigure = Callable[..., None]


@pytest.fixture
def reconfigure(deps: Deps) -> Iterator[Reconfigure]:
    """Give the process other settings or another clock."""
    with ExitStack() as stack:

        def install(**changes: Any) -> None:
            clock = changes.pop("clock", None)
            changed_deps = Deps(replace(deps.settings, **changes), clock)
            stack.callback(changed_deps.close)
            install_deps(changed_deps)

        yield install


@pytest.fixture
def instructor() -> dict[str, str]:
    """Headers of an instructor's requests."""
    return {"Authorization": f"Bearer {INSTRUCTOR_PASSWORD}"}


def test_each_student_gets_a_ticket_and_a_link(
    client: TestClient, operator: dict[str, str], ticket_pool: str
) -> None:
    students = [f"student {number}" for number in range(1_000)]
    expiry = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=500_000)
    tickets = issue(client, operator, ticket_pool, *students, expires_at=expiry.isoformat())
    assert [ticket["student_id"] for ticket in tickets] == students
    assert len({ticket["ticket"] for ticket in tickets}) == 1_000
    assert {ticket["expires_at"] for ticket in tickets} == {f"{expiry:%Y-%m-%dT%H:%M:%SZ}"}
    assert all(ticket["link"] == f"/test#ticket={ticket['ticket']}" for ticket in tickets)


def test_a_ticket_admits_and_is_needed(
    client: TestClient, operator: dict[str, str], ticket_pool: str, rows: Rows
) -> None:
    body = {"student_id": "ann", "question_pool_id": ticket_pool}
    response = client.post("/api/test/start", json=body)
    assert (response.status_code, response.json()["code"]) == (403, "ticket_required")
    assert response.json()["details"][0]["field"] == "ticket"
    assert rows("SELECT count(*) FROM assessment.examinees") == [(0,)]
    (ticket,) = issue(client, operator, ticket_pool, "ann", extra_time=0.25)
    ann = TicketHolder(client, ticket)
    session = ann.start()
    assert (session["student_id"], session["extra_time"]) == ("ann", 0.25)
    assert ann.answer()["questions_answered"] == 1
    assert rows("SELECT admitted, proven, extra_time::float FROM assessment.test_sessions") == [
        (True, True, 0.25)
    ]


def test_an_operator_needs_no_ticket(
    client: TestClient, operator: dict[str, str], ticket_pool: str, rows: Rows
) -> None:
    body = {"student_id": "ann", "question_pool_id": ticket_pool}
    assert client.post("/api/test/start", json=body, headers=operator).status_code == 200
    assert rows("SELECT admitted, proven FROM assessment.test_sessions") == [(True, True)]
    headers = {"Authorization": "Bearer guess"}
    assert client.post("/api/test/start", json=body, headers=headers).status_code == 401


def test_an_instructor_is_not_an_operator(
    client: TestClient, instructor: dict[str, str], ticket_pool: str, rows: Rows
) -> None:
    body = {"student_id": "ann", "question_pool_id": ticket_pool}
    response = client.post("/api/test/start", json=body, headers=instructor)
    assert (response.status_code, response.json()["code"]) == (403, "instructor_refused")
    issue_body = {"question_pool_id": ticket_pool, "student_ids": ["ann"]}
    assert client.post("/api/test/tickets", json=issue_body, headers=instructor).status_code == 403
    assert client.post("/api/test/tickets", json=issue_body).status_code == 401
    assert rows(COUNT_SESSIONS) == [(0,)]


def test_a_deployment_may_need_tickets_for_every_pool(
    client: TestClient, operator: dict[str, str], reconfigure: Reconfigure, pool_id: str
) -> None:
    body = {"student_id": "ann", "question_pool_id": pool_id}
    assert client.post("/api/test/start", json=body).status_code == 200
    (ticket,) = issue(client, operator, pool_id, "ann")
    reconfigure(tests_need_tickets=True)
    response = client.post("/api/test/start", json=body)
    assert (response.status_code, response.json()["code"]) == (403, "ticket_required")
    assert TicketHolder(client, ticket).post_start().status_code == 200


def test_a_ticket_resumes_its_running_test_and_starts_as_many_as_it_allows(
    client: TestClient, operator: dict[str, str], ticket_pool: str, rows: Rows
) -> None:
    (ticket,) = issue(client, operator, ticket_pool, "ann", uses=2)
    ann = TicketHolder(client, ticket)
    first = ann.start()
    next_question = ann.answer()["next_question"]
    assert ann.start() == {**first, "next_question": next_question}
    assert rows(COUNT_SESSIONS) == [(1,)]
    ann.end()
    second = ann.start()
    assert second["session_id"] != first["session_id"]
    ann.end()
    response = ann.post_start()
    assert (response.status_code, response.json()["code"]) == (403, "ticket_used_up")
    assert "used up (tests: 2)" in response.json()["error"]
    assert rows(COUNT_SESSIONS) == [(2,)]
    other_holder = TicketHolder(client, issue(client, operator, ticket_pool, "ann")[0])
    assert other_holder.post_start().status_code == 200


def test_an_idle_test_uses_its_ticket_up(
    client: TestClient, operator: dict[str, str], ticket_pool: str, rows: Rows
) -> None:
    (ticket,) = issue(client, operator, ticket_pool, "ann")
    ann = TicketHolder(client, ticket)
    ann.start()
    rows("UPDATE assessment.test_sessions SET last_activity = last_activity - interval '29 min'")
    ann.start()
    rows("UPDATE assessment.test_sessions SET last_activity = last_activity - interval '31 min'")
    assert ann.post_start().json()["code"] == "ticket_used_up"
    assert rows("SELECT status FROM assessment.test_sessions") == [("expired",)]


@pytest.mark.parametrize("uses", [1, 3])
def test_a_ticket_used_ten_times_at_once_starts_one_test(
    client: TestClient, operator: dict[str, str], ticket_pool: str, rows: Rows, uses: int
) -> None:
    (ticket,) = issue(client, operator, ticket_pool, "ann", uses=uses)
    responses = at_once(10, lambda _: TicketHolder(client, ticket).post_start())
    assert {response.status_code for response in responses} == {200}
    assert len({response.json()["session_id"] for response in responses}) == 1
    assert rows(COUNT_SESSIONS) == [(1,)]


def test_a_ticket_is_not_overused_if_tests_end_between_simultaneous_starts(
    client: TestClient, operator: dict[str, str], ticket_pool: str, rows: Rows
) -> None:
    """Each thread ends the test that it gets, so that the others start new tests."""
    (ticket,) = issue(client, operator, ticket_pool, "ann", uses=3)

    def start_and_end(_: int) -> int:
        student = TicketHolder(client, ticket)
        response = student.post_start()
        if response.status_code == 200:
            student.session_id = response.json()["session_id"]
            student.end()
        return int(response.status_code)

    statuses = at_once(12, start_and_end)
    assert set(statuses) <= {200, 403}
    while TicketHolder(client, ticket).post_start().status_code == 200:
        rows("UPDATE assessment.test_sessions SET status = 'completed'")
    assert rows(COUNT_SESSIONS) == [(3,)]


def test_a_ticket_expires(
    client: TestClient,
    operator: dict[str, str],
    reconfigure: Reconfigure,
    ticket_pool: str,
    rows: Rows,
) -> None:
    expiry = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    (ticket,) = issue(client, operator, ticket_pool, "ann", expires_at=expiry.isoformat())
    ann = TicketHolder(client, ticket)
    reconfigure(clock=lambda: expiry)
    response = ann.post_start()
    assert (response.status_code, response.json()["code"]) == (403, "ticket_expired")
    assert rows(COUNT_SESSIONS) == [(0,)]
    reconfigure(clock=lambda: expiry - timedelta(seconds=1))
    assert ann.post_start().status_code == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2026-12-24T10:00:00Z", "valid_hours": 3}, "valid_hours"),
        ({"student_ids": []}, "student_ids"),
        ({"student_ids": ["ann", "ann"]}, "student_ids"),
        ({"student_ids": [f"s{n}" for n in range(1_001)]}, "student_ids"),
        ({"uses": 0}, "uses"),
        ({"uses": 101}, "uses"),
        ({"valid_hours": 0}, "valid_hours"),
        ({"extra_time": -0.1}, "extra_time"),
        ({"end_criteria": {"max_questions": 3}}, "end_criteria.max_questions"),
        ({"end_criteria": {"max_questions": 31}}, "end_criteria.max_questions"),
    ],
)
def test_tickets_that_make_no_sense_are_refused(
    client: TestClient, operator: dict[str, str], fields: dict[str, Any], field: str
) -> None:
    pool_id = upload(client, operator, make_questions(60), min_questions=4, max_questions=30)
    body = {"question_pool_id": pool_id, "student_ids": ["ann"], **fields}
    response = client.post("/api/test/tickets", json=body, headers=operator)
    assert response.status_code == 422, response.text
    assert response.json()["details"][0]["field"] == field


def test_ticket_for_a_missing_pool_is_refused(client: TestClient, operator: dict[str, str]) -> None:
    body = {
        "question_pool_id": "5f0c6b8e-3f0d-4b0e-9a52-0d8f6f2f7b11",
        "student_ids": ["ann"],
    }
    assert client.post("/api/test/tickets", json=body, headers=operator).status_code == 404


def test_criteria_of_a_ticket_hold(
    client: TestClient, operator: dict[str, str], ticket_pool: str, rows: Rows
) -> None:
    criteria = {"type": "precision", "max_questions": 7, "precision_threshold": 0.1}
    (ticket,) = issue(client, operator, ticket_pool, "ann", end_criteria=criteria)
    ann = TicketHolder(client, ticket)
    for criteria_of_start in (
        {"max_questions": 6},
        {"type": "classification"},
        {"minimum_gain": 0.5},
    ):
        response = ann.post_start(end_criteria=criteria_of_start)
        assert (response.status_code, response.json()["code"]) == (409, "ticket_contradicted")
        assert response.json()["details"][0]["field"] == "end_criteria"
    assert rows(COUNT_SESSIONS) == [(0,)]
    ann.start(end_criteria={"max_questions": 7})
    responses = [ann.answer() for _ in range(7)]
    assert responses[-1]["status"] == "completed"
    assert rows("SELECT end_criteria ->> 'type' FROM assessment.test_sessions") == [("precision",)]


def test_a_start_must_not_contradict_its_ticket(
    client: TestClient, operator: dict[str, str], ticket_pool: str, rows: Rows
) -> None:
    other_pool = upload(client, operator, make_questions(10, "other"))
    (ticket,) = issue(client, operator, ticket_pool, "ann")
    ann = TicketHolder(client, ticket)
    for field, value in (("student_id", "bob"), ("question_pool_id", other_pool)):
        response = ann.post_start(**{field: value})
        assert (response.status_code, response.json()["code"]) == (409, "ticket_contradicted")
        assert response.json()["details"][0]["field"] == field
    assert rows(COUNT_SESSIONS) == [(0,)]
    assert ann.post_start(student_id="ann", question_pool_id=ticket_pool).status_code == 200


def with_claims(ticket: str, **claims: Any) -> str:
    """Return the ticket with these claims changed and its signature unchanged."""
    header, body, signature = ticket.split(".")
    content = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))) | claims
    text = urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
    return f"{header}.{text}.{signature}"


FORGERIES: dict[str, Callable[[str], str]] = {
    "other student": lambda ticket: with_claims(ticket, sub="bob"),
    "more uses": lambda ticket: with_claims(ticket, uses=99),
    "later": lambda ticket: with_claims(ticket, exp=9_999_999_999),
    "unsigned": lambda ticket: jwt.encode(
        jwt.decode(ticket, options={"verify_signature": False}), "", algorithm="none"
    ),
    "signed with the key itself": lambda ticket: jwt.encode(
        jwt.decode(ticket, options={"verify_signature": False}),
        bytes.fromhex(ENCRYPTION_KEY),
        algorithm="HS256",
    ),
    "cut": lambda ticket: ticket[:-1],
    "words": lambda _: "let me in",
    "no token": lambda _: "a.b.c",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_ticket_is_refused(
    client: TestClient,
    operator: dict[str, str],
    ticket_pool: str,
    rows: Rows,
    forge: Callable[[str], str],
) -> None:
    (ticket,) = issue(client, operator, ticket_pool, "ann")
    response = client.post("/api/test/start", json={"ticket": forge(ticket["ticket"])})
    assert (response.status_code, response.json()["code"]) == (403, "ticket_invalid")
    assert rows(COUNT_SESSIONS) == [(0,)]


def test_a_ticket_survives_one_rotation_of_the_key(
    client: TestClient, operator: dict[str, str], reconfigure: Reconfigure, ticket_pool: str
) -> None:
    (ticket,) = issue(client, operator, ticket_pool, "ann", uses=9)
    reconfigure(encryption_key=OTHER_KEY)
    assert TicketHolder(client, ticket).post_start().json()["code"] == "ticket_invalid"
    reconfigure(encryption_key=OTHER_KEY, encryption_key_previous=ENCRYPTION_KEY)
    assert TicketHolder(client, ticket).post_start().status_code == 200
    (bobs_ticket,) = issue(client, operator, ticket_pool, "bob")
    reconfigure(encryption_key=OTHER_KEY)
    assert TicketHolder(client, bobs_ticket).post_start().status_code == 200


def test_without_a_key_there_are_no_tickets(
    client: TestClient, operator: dict[str, str], reconfigure: Reconfigure, ticket_pool: str
) -> None:
    (ticket,) = issue(client, operator, ticket_pool, "ann")
    reconfigure(encryption_key=None)
    body = {"question_pool_id": ticket_pool, "student_ids": ["ann"]}
    response = client.post("/api/test/tickets", json=body, headers=operator)
    assert (response.status_code, response.json()["code"]) == (503, "not_configured")
    assert TicketHolder(client, ticket).post_start().status_code == 503


def test_a_test_with_a_ticket_continues_without_redis(
    client: TestClient, operator: dict[str, str], ticket_pool: str, redis_gateway: Gateway
) -> None:
    (ticket,) = issue(client, operator, ticket_pool, "ann")
    ann = TicketHolder(client, ticket)
    redis_gateway.faults.switch_on(Fault.REFUSE)
    first = ann.start()
    answer = ann.answer()
    assert ann.start() == {**first, "next_question": answer["next_question"]}
    redis_gateway.faults.clear()
    assert ann.answer()["questions_answered"] == 2


def test_a_start_whose_backend_dies_uses_up_nothing(
    client: TestClient, operator: dict[str, str], ticket_pool: str, postgres_url: str, rows: Rows
) -> None:
    (ticket,) = issue(client, operator, ticket_pool, "ann")
    ann = TicketHolder(client, ticket)
    with psycopg.connect(postgres_url) as holder:
        holder.execute("LOCK TABLE assessment.examinees")
        statuses = at_once(2, lambda number: _start_or_kill(number, ann, rows))
    assert statuses[0] in {200, 503}
    assert ann.post_start().status_code == 200
    assert ann.post_start().status_code == 200
    assert rows(COUNT_SESSIONS) == [(1,)]


def _start_or_kill(number: int, ann: TicketHolder, rows: Rows) -> int:
    """Start if `number` is 0; otherwise, terminate the backend that waits for the table."""
    if number == 0:
        return int(ann.post_start().status_code)
    rows("SELECT pg_terminate_backend(%s)", wait_for_a_lock(rows))
    return 0


def test_student_and_pool_are_needed_without_a_ticket(ann: Student) -> None:
    for missing in ("student_id", "question_pool_id"):
        body = {"student_id": "ann", "question_pool_id": ann.pool_id}
        del body[missing]
        response = ann.client.post("/api/test/start", json=body)
        assert response.status_code == 422
        assert response.json()["details"] == [{"field": missing, "problem": "Field required"}]
