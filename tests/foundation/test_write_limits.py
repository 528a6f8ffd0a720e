"""Every write by the public is limited, by address and by session, ticket, pool or person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.access.endpoint import WRITING, Access, Endpoint
from lib.access.write_limits.limits import MAX_UNCOUNTED
from lib.deps import Deps, install_deps
from lib.routes import ENDPOINTS
from lib.settings import Settings
from tests.assessment.conftest import Student, make_questions, upload

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "ws_1764200000000_" + "5f" * 32
EMAIL = "mei.tan@example.com"
LIMITED = [
    (row, method)
    for row in ENDPOINTS
    for method in row.methods
    if row.limit is not None and method in WRITING
]
WITHIN_SESSION: dict[str, Any] = {"sessionToken": TOKEN, "studentEmail": EMAIL}
REPORT = {**WITHIN_SESSION, "stepNumber": 1, "completed": True}
BODIES: dict[str, dict[str, Any]] = {
    "/api/generate-session": {},
    "/api/student-progress": REPORT,
    "/api/student-config-save": {**WITHIN_SESSION, "systemPrompt": "Be brief."},
    "/api/student-config-update": {**WITHIN_SESSION, "systemPrompt": "Be polite."},
    "/api/track-student-progress": {**WITHIN_SESSION, "exerciseId": "one", "completed": True},
    "/api/report-bug": {**WITHIN_SESSION, "description": "The button does nothing."},
    "/api/ask-for-help": WITHIN_SESSION,
    "/api/session-log": {**WITHIN_SESSION, "eventType": "navigation"},
}
"""Body of an accepted call to each endpoint of the workshop that stores something."""

Send = Callable[[], Any]


def case_id(case: tuple[Endpoint, str]) -> str:
    return f"{case[1]} {case[0].path}"


def run(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(str(settings.postgres_url), autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def sender(client: TestClient, operator: dict[str, str]) -> Callable[[Endpoint, str], Send]:
    """Prepare a call that is accepted whenever it is sent."""

    def prepare(row: Endpoint, method: str) -> Send:
        if row.module == "learning.auth":
            return account_call(client, operator, row.path)
        if row.path in BODIES:
            client.post("/api/student-progress", json=REPORT)
            return lambda: client.request(method, row.path, json=BODIES[row.path])
        pool_id = upload(client, operator, make_questions(20))
        student = Student(client, pool_id)
        if row.path == "/api/test/start":
            start = {"student_id": "ann", "question_pool_id": pool_id}
            return lambda: client.post(row.path, json=start)
        question_id = student.start()["next_question"]["id"]
        if row.path == "/api/test/submit":
            return lambda: student.post(question_id, 0)
        path = row.path.replace("{session_id}", student.session_id)
        body = {} if "{" in row.path else {"session_id": student.session_id}
        return lambda: client.post(path, json=body)

    return prepare


def account_call(client: TestClient, operator: dict[str, str], path: str) -> Send:
    """Prepare a call about accounts; it alternates between users, who have limits of their own."""
    password = "correct horse battery"
    account = {"password": password, "role": "student", "grade": 10, "target_exam": "Finals"}
    numbers = count()

    def register(name: str) -> Any:
        return client.post("/api/auth/register", json=account | {"username": name})

    if path == "/api/auth/register":
        return lambda: register(f"new {next(numbers)}")
    names = [f"user {number}" for number in range(4)]
    tokens = {name: register(name).json()["refresh_token"] for name in names}

    def call() -> Any:
        name = names[next(numbers) % len(names)]
        if path == "/api/auth/login":
            return client.post(path, json={"username": name, "password": password})
        if path == "/api/auth/refresh":
            response = client.post(path, json={"refresh_token": tokens[name]})
            tokens[name] = response.json().get("refresh_token", tokens[name])
            return response
        invitation = client.post("/api/admin-invite", json={"username": name}, headers=operator)
        body = {"username": name, "code": invitation.json()["code"], "new_password": password}
        return client.post(path, json=body)

    return call


def send_until_counted(send: Send) -> list[Any]:
    """Send a call often enough for the process to add it to the counts; return the responses."""
    return [send() for _ in range(MAX_UNCOUNTED + 1)]


def use_up(settings: Settings, deps: Deps) -> None:
    """Raise the counts of all earlier calls above every limit."""
    run(settings, "UPDATE stepwise.write_counts SET writes = 1000000")
    assert deps.redis is not None
    (keys,) = deps.redis.pipeline([["KEYS", "writes:*"]]) or [[]]
    deps.redis.pipeline([["SET", key, 1_000_000] for key in keys] or [["PING"]])


def row_counts(settings: Settings) -> list[tuple[Any, ...]]:
    """Return the number of rows in each table to which the limited calls add rows."""
    tables = (
        *("public.sessions", "public.events", "assessment.test_sessions"),
        *("assessment.test_responses", "learning.users", "learning.refresh_tokens"),
    )
    counts = (f"(SELECT count(*) FROM {table})" for table in tables)
    return run(settings, f"SELECT {', '.join(counts)}")


def test_every_write_by_the_public_has_a_limit_and_nothing_else_has() -> None:
    public = {Access.PUBLIC, Access.SESSION}
    writes = {row.path for row in ENDPOINTS if row.access in public and WRITING & {*row.methods}}
    assert writes == {row.path for row in ENDPOINTS if row.limit is not None}


def test_the_documentation_lists_the_limits() -> None:
    text = (ROOT / "docs" / "conventions.md").read_text()
    for row, method in LIMITED:
        assert row.limit is not None
        numbers = f"{row.limit.by_address:,} | {row.limit.by_holder:,}"
        assert f"| `{method} {row.path}` | {numbers} |" in text


@pytest.mark.parametrize("case", LIMITED, ids=case_id)
def test_a_write_above_the_limit_is_refused_and_stores_nothing(
    sender: Callable[[Endpoint, str], Send],
    settings: Settings,
    deps: Deps,
    case: tuple[Endpoint, str],
) -> None:
    send = sender(*case)
    assert {response.status_code for response in send_until_counted(send)} <= {200, 201}
    use_up(settings, deps)
    send_until_counted(send)
    before = row_counts(settings)
    refused = send()
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_writes")
    assert 1 <= int(refused.headers["Retry-After"]) <= 900
    assert "from this address" in refused.json()["error"]
    assert row_counts(settings) == before


def test_a_script_that_starts_test_after_test_is_stopped(
    client: TestClient, operator: dict[str, str], settings: Settings
) -> None:
    pool_id = upload(client, operator, make_questions(8))

    def start(number: int) -> int:
        body = {"student_id": f"s{number}", "question_pool_id": pool_id}
        return client.post("/api/test/start", json=body).status_code

    statuses = [start(number) for number in range(50)]
    run(settings, "UPDATE stepwise.write_counts SET writes = writes + 500 WHERE writes > 1")
    statuses += [start(number) for number in range(50, 150)]
    accepted = statuses.count(200)
    # The limit is 600 from one address; a process counts in steps.
    assert 600 <= accepted + 500 < 600 + MAX_UNCOUNTED
    assert statuses == [200] * accepted + [429] * (150 - accepted)


def test_tickets_are_counted_separately_so_that_a_school_can_begin_an_exam(
    client: TestClient, operator: dict[str, str], settings: Settings
) -> None:
    pool_id = upload(client, operator, make_questions(8))
    students = [f"s{number}" for number in range(2 * (MAX_UNCOUNTED + 1))]
    issue = {"question_pool_id": pool_id, "student_ids": students, "uses": 100}
    ticket_rows = client.post("/api/test/tickets", json=issue, headers=operator).json()["tickets"]
    tickets = iter([ticket["ticket"] for ticket in ticket_rows])

    def start() -> Any:
        return client.post("/api/test/start", json={"ticket": next(tickets)})

    without_ticket = {"student_id": "ann", "question_pool_id": pool_id}
    send_until_counted(lambda: client.post("/api/test/start", json=without_ticket))
    send_until_counted(start)
    # Above the limit on an address, 600, and below ten times that, the limit with tickets.
    run(settings, "UPDATE stepwise.write_counts SET writes = 700 WHERE writes > 1")
    assert send_until_counted(start)[-1].status_code == 200
    refused = send_until_counted(lambda: client.post("/api/test/start", json=without_ticket))[-1]
    assert refused.status_code == 429


def test_one_session_does_not_use_up_the_limit_of_another(
    client: TestClient, settings: Settings
) -> None:
    def report(token: str) -> Any:
        return client.post("/api/student-progress", json={**REPORT, "sessionToken": token})

    send_until_counted(lambda: report(TOKEN))
    run(settings, "UPDATE stepwise.write_counts SET writes = 1000")
    refused = send_until_counted(lambda: report(TOKEN))[-1]
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_writes")
    assert "with this sessionToken" in refused.json()["error"]
    responses = send_until_counted(lambda: report("ws_1764200000000_" + "7b" * 32))
    assert {response.status_code for response in responses} == {200}


def test_each_quarter_of_an_hour_counts_from_0_and_old_counts_are_deleted(
    sender: Callable[[Endpoint, str], Send], settings: Settings, deps: Deps
) -> None:
    send = sender(*LIMITED[1])
    send_until_counted(send)
    use_up(settings, deps)
    assert send_until_counted(send)[-1].status_code == 429
    run(settings, "UPDATE stepwise.write_counts SET ends_at = now() - INTERVAL '1 second'")
    now = deps.clock()
    deps.clock = lambda: now + timedelta(minutes=15)
    assert {response.status_code for response in send_until_counted(send)} == {200}
    assert run(settings, "SELECT max(writes) < 1000 FROM stepwise.write_counts") == [(True,)]


def test_answers_are_counted_in_redis_or_else_in_the_database(
    client: TestClient, operator: dict[str, str], settings: Settings, deps: Deps
) -> None:
    ann = Student(client, upload(client, operator, make_questions(20)))
    question_id = ann.start()["next_question"]["id"]
    total_writes = "SELECT coalesce(sum(writes), 0)::INT FROM stepwise.write_counts"
    before = run(settings, total_writes)
    send_until_counted(lambda: ann.post(question_id, 0))
    assert deps.redis is not None
    (keys,) = deps.redis.pipeline([["KEYS", "writes:*"]]) or [[]]
    assert len(keys) == 2
    lifetimes = deps.redis.pipeline([["TTL", key] for key in keys]) or []
    assert all(0 < seconds <= 900 for seconds in lifetimes)
    assert run(settings, total_writes) == before
    install_deps(without_redis := Deps(replace(settings, redis_url=None, redis_token=None)))
    send_until_counted(lambda: ann.post(question_id, 0))
    assert run(settings, total_writes) > before
    without_redis.close()


def test_processes_count_together(client: TestClient, settings: Settings) -> None:
    for _ in range(3):
        install_deps(another := Deps(settings))
        send_until_counted(lambda: client.post("/api/student-progress", json=REPORT))
        another.close()
    by_address = "SELECT sum(writes)::INT FROM stepwise.write_counts GROUP BY key_sha256"
    assert max(run(settings, by_address)) > (2 * (MAX_UNCOUNTED + 1),)


def test_a_schema_without_counts_refuses_nobody(
    sender: Callable[[Endpoint, str], Send], settings: Settings
) -> None:
    run(settings, "DROP FUNCTION stepwise.count_writes")
    for case in LIMITED[:3]:
        assert sender(*case)().status_code == 200


def test_limits_can_be_switched_off(client: TestClient, settings: Settings) -> None:
    install_deps(unlimited := Deps(replace(settings, limits_writes=False)))
    send_until_counted(lambda: client.post("/api/generate-session", json={"studentEmail": EMAIL}))
    assert run(settings, "SELECT FROM stepwise.write_counts") == []
    unlimited.close()


def test_reading_by_the_public_is_not_counted(client: TestClient, settings: Settings) -> None:
    token = {"X-Session-Token": TOKEN}
    send_until_counted(lambda: client.get("/api/student-progress", headers=token))
    assert run(settings, "SELECT FROM stepwise.write_counts") == []
