"""Nobody can take over another student's test.

A start resumes a test only with the id of its session, its start key or its ticket.
"""

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps
from lib.settings import Settings
from tests.assessment.conftest import Rows, Student, make_questions, upload
from tests.assessment.test_exactly_once import at_once
from tests.assessment.tickets import TicketHolder, issue

SESSIONS = "SELECT count(*)::int FROM assessment.test_sessions"
KEY = "2f1d6c1e-70f1-4a54-a6a2-6f6f7f5a1f0d"


@pytest.fixture(params=[False, True], ids=["deployment", "local server"])
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Settings of a deployment, where open tests do not count, and of a local server."""
    return replace(settings, open_tests_count=request.param)


def post_start(client: TestClient, pool_id: str, key: str | None = None, **fields: Any) -> Any:
    """Start as ann; return the response."""
    return client.post(
        "/api/test/start",
        json={"student_id": "ann", "question_pool_id": pool_id, **fields},
        headers={} if key is None else {"Idempotency-Key": key},
    )


def test_a_stranger_who_knows_the_student_id_gets_a_test_of_their_own(
    ann: Student, client: TestClient, rows: Rows
) -> None:
    mine = ann.start()
    ann.answer()
    theirs = post_start(client, ann.pool_id).json()
    assert theirs["session_id"] != mine["session_id"]
    assert theirs["initial_proficiency"] == [0.5] * 5
    assert rows("SELECT total_questions FROM assessment.test_sessions ORDER BY 1") == [(0,), (1,)]
    assert ann.answer()["questions_answered"] == 2


def test_student_does_not_resume_a_test_that_a_stranger_started(
    ann: Student, client: TestClient
) -> None:
    theirs = post_start(client, ann.pool_id).json()
    mine = ann.start()
    assert mine["session_id"] != theirs["session_id"]


def test_only_its_own_ticket_resumes_a_test_that_was_started_with_a_ticket(
    client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    (ticket,) = issue(client, operator, pool_id, "ann")
    holder = TicketHolder(client, ticket)
    mine = holder.start()
    other_holder = TicketHolder(client, issue(client, operator, pool_id, "ann")[0])
    assert post_start(client, pool_id).json()["session_id"] != mine["session_id"]
    assert other_holder.start()["session_id"] != mine["session_id"]
    assert holder.start()["session_id"] == mine["session_id"]


def test_the_holder_of_the_session_id_resumes_the_test(
    ann: Student, client: TestClient, rows: Rows
) -> None:
    first = ann.start()
    answer = ann.answer()
    assert ann.resume() == {**first, "next_question": answer["next_question"]}
    response = client.post("/api/test/start", json={"session_id": ann.session_id})
    assert response.json() == {**first, "next_question": answer["next_question"]}
    assert rows(SESSIONS) == [(1,)]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"session_id": str(uuid4())}, 404, "session_not_found"),
        ({"student_id": "bob"}, 403, "other_student"),
        ({"question_pool_id": str(uuid4())}, 404, "session_not_found"),
    ],
)
def test_a_session_id_that_does_not_fit_the_other_fields_resumes_nothing(
    ann: Student, client: TestClient, rows: Rows, change: dict[str, str], status: int, code: str
) -> None:
    ann.start()
    fields = {"session_id": ann.session_id, "question_pool_id": ann.pool_id, **change}
    response = client.post("/api/test/start", json={"student_id": "ann", **fields})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert rows(SESSIONS) == [(1,)]


def test_a_closed_test_is_not_resumed(ann: Student, client: TestClient, rows: Rows) -> None:
    ann.start()
    ann.end()
    response = client.post("/api/test/start", json={"session_id": ann.session_id})
    assert (response.status_code, response.json()["code"]) == (409, "session_closed")
    assert "completed" in response.json()["error"]
    assert rows(SESSIONS) == [(1,)]


def test_an_idle_test_is_closed_when_it_is_resumed(
    ann: Student, client: TestClient, rows: Rows
) -> None:
    ann.start()
    ann.answer()
    rows("UPDATE assessment.test_sessions SET last_activity = last_activity - interval '29 min'")
    assert client.post("/api/test/start", json={"session_id": ann.session_id}).status_code == 200
    rows("UPDATE assessment.test_sessions SET last_activity = last_activity - interval '31 min'")
    response = client.post("/api/test/start", json={"session_id": ann.session_id})
    assert (response.status_code, response.json()["code"]) == (409, "session_expired")
    assert rows("SELECT status, total_questions FROM assessment.test_sessions") == [("expired", 1)]


def test_a_double_click_with_one_key_starts_one_test(
    client: TestClient, pool_id: str, rows: Rows
) -> None:
    responses = at_once(10, lambda _: post_start(client, pool_id, KEY))
    assert {response.status_code for response in responses} == {200}
    assert all(response.json() == responses[0].json() for response in responses)
    assert rows(SESSIONS) == [(1,)]


def test_each_start_without_a_key_begins_a_new_test(
    client: TestClient, pool_id: str, rows: Rows
) -> None:
    responses = at_once(5, lambda _: post_start(client, pool_id))
    assert len({response.json()["session_id"] for response in responses}) == 5
    assert rows(SESSIONS) == [(5,)]


def test_a_key_belongs_to_its_student_pool_and_body(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    other_pool = upload(client, operator, make_questions(10, "other"))
    first = post_start(client, pool_id, KEY, end_criteria={"max_questions": 9}).json()
    starts = [
        post_start(client, pool_id, KEY, student_id="bob"),
        post_start(client, other_pool, KEY),
        post_start(client, pool_id, KEY + "x"),
    ]
    ids = {first["session_id"], *(start.json()["session_id"] for start in starts)}
    assert len(ids) == 4
    response = post_start(client, pool_id, KEY, end_criteria={"max_questions": 8})
    assert (response.status_code, response.json()["code"]) == (422, "start_key_reused")
    assert rows(SESSIONS) == [(4,)]
    retry = post_start(client, pool_id, KEY, end_criteria={"max_questions": 9})
    assert retry.json() == first


def test_a_key_does_not_start_a_second_test(client: TestClient, pool_id: str, rows: Rows) -> None:
    first = post_start(client, pool_id, KEY).json()
    client.post(f"/api/test/end/{first['session_id']}")
    response = post_start(client, pool_id, KEY)
    assert (response.status_code, response.json()["code"]) == (409, "session_closed")
    assert rows(SESSIONS) == [(1,)]
    assert post_start(client, pool_id, KEY + "x").status_code == 200


def test_sessions_store_neither_keys_nor_tickets(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    post_start(client, pool_id, KEY)
    (ticket,) = issue(client, operator, pool_id, "ann")
    TicketHolder(client, ticket).start()
    ((sessions_json,),) = rows("SELECT json_agg(s)::text FROM assessment.test_sessions s")
    assert KEY not in sessions_json
    assert ticket["ticket"] not in sessions_json


def test_a_test_that_was_open_before_the_upgrade_continues(
    ann: Student, client: TestClient, rows: Rows, deps: Deps
) -> None:
    """Such a test's row has no start key or time of asking; its snapshot has an older format."""
    ann.start()
    ann.answer()
    rows("UPDATE assessment.test_sessions SET asked_at = NULL, start_key_sha256 = NULL")
    assert deps.redis
    deps.redis.pipeline([["SET", f"session:{ann.session_id}:state", '{"packed": "old"}']])
    assert ann.answer()["questions_answered"] == 2
    assert client.post("/api/test/start", json={"session_id": ann.session_id}).status_code == 200
    assert ann.end()["summary"]["total_questions"] == 2


def test_concurrent_resume_and_end_complete_the_test(ann: Student, rows: Rows) -> None:
    for _ in range(10):
        ann.start()
        body = {"session_id": ann.session_id}
        calls = (partial(ann.client.post, "/api/test/start", json=body), ann.end)
        response, _end = at_once(2, lambda number, calls=calls: calls[number]())  # type: ignore[misc]
        assert response.status_code in {200, 409}
    assert rows("SELECT DISTINCT status FROM assessment.test_sessions") == [("completed",)]
