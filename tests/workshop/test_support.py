"""Requests for help, new links for lost tokens, and tokens too short for a new session."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps
from lib.settings import Platform, Settings
from lib.vault import AUTH_TOKEN_FIELD, LEGACY_FIELD, Vault
from tests.conftest import ADMIN_PASSWORD, INSTRUCTOR_PASSWORD
from tests.workshop.conftest import TOKEN, wait_for_blocked_calls

Rows = Callable[..., list[tuple[Any, ...]]]
Post = Callable[..., Any]
INSTRUCTOR = {"Authorization": f"Bearer {INSTRUCTOR_PASSWORD}"}
SHORT = "ws_1234567890123_0123456789abcd"
assert len(SHORT) == 31


def ask(client: TestClient, **fields: Any) -> Any:
    return client.post("/api/ask-for-help", json={"sessionToken": TOKEN, **fields})


def help_requests(client: TestClient) -> list[tuple[str, str]]:
    """Return token and time of each waiting student; check that lists and analytics agree."""
    analytics = client.get("/api/workshop-analytics", headers=INSTRUCTOR).json()
    body = {"adminPassword": INSTRUCTOR_PASSWORD}
    list_body = client.post("/api/admin-list-configs-v2", json=body).json()
    in_list = [
        (session["sessionToken"], session["helpAskedAt"])
        for session in list_body["sessions"]
        if session["helpAskedAt"] is not None
    ]
    requests = [(each["sessionToken"], each["helpAskedAt"]) for each in analytics["helpRequests"]]
    assert sorted(in_list) == sorted(requests)
    return requests


def test_student_asks_for_help_and_instructor_marks_it_as_given(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@example.com")
    assert help_requests(client) == []
    request = ask(client).json()
    assert ask(client).json()["helpAskedAt"] == request["helpAskedAt"]
    assert help_requests(client) == [(TOKEN, request["helpAskedAt"])]
    mark_response = client.post(
        "/api/admin-mark-helped", json={"adminPassword": INSTRUCTOR_PASSWORD, "sessionToken": TOKEN}
    )
    assert (mark_response.status_code, mark_response.json()["helpAskedAt"]) == (200, None)
    assert help_requests(client) == []
    ask(client)
    assert ask(client, raised=False).json()["helpAskedAt"] is None
    assert ask(client, raised=False).status_code == 200
    assert help_requests(client) == []
    events = rows("SELECT event_type FROM events WHERE event_type LIKE 'help%%' ORDER BY id")
    assert [event for (event,) in events] == [
        *("help_asked", "help_given", "help_asked", "help_withdrawn")
    ]


def test_progress_shows_since_when_the_student_has_been_waiting(
    client: TestClient, post: Post
) -> None:
    def help_asked_at() -> Any:
        query = {"sessionToken": TOKEN}
        progress = client.get("/api/student-progress", params=query).json()["progress"]
        return progress["help_asked_at"]

    assert post().json()["progress"]["help_asked_at"] is None
    asked_at = ask(client).json()["helpAskedAt"]
    assert asked_at is not None
    assert help_asked_at() == asked_at
    ask(client, raised=False)
    assert help_asked_at() is None


def test_students_who_wait_longest_come_first(client: TestClient, post: Post, rows: Rows) -> None:
    tokens = [f"{TOKEN}{n}" for n in range(3)]
    for token in tokens:
        post(sessionToken=token)
        ask(client, sessionToken=token)
    rows(
        "UPDATE sessions SET help_asked_at = now() - INTERVAL '1 hour' WHERE session_token = %s",
        tokens[2],
    )
    assert [token for token, _ in help_requests(client)] == [tokens[2], tokens[0], tokens[1]]
    analytics = client.get("/api/workshop-analytics", headers=INSTRUCTOR).json()
    assert analytics["helpRequests"][0]["waitingSeconds"] >= 3600


def test_asking_for_help_needs_a_session_and_marking_it_as_given_needs_a_password(
    client: TestClient,
) -> None:
    assert ask(client).status_code == 404
    mark = "/api/admin-mark-helped"
    assert client.post(mark, json={"sessionToken": TOKEN}, headers=INSTRUCTOR).status_code == 404
    assert client.post(mark, json={"sessionToken": TOKEN}).status_code == 401


def new_link(client: TestClient, **fields: Any) -> Any:
    return client.post("/api/admin-new-link", json={"adminPassword": ADMIN_PASSWORD, **fields})


def test_new_link_keeps_everything_and_the_former_token_opens_nothing(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@example.com", stepNumber=3, completed=True, timeSpent=60)
    save = {"sessionToken": TOKEN, "openaiApiKey": "sk-test-1234", "systemPrompt": "Be kind."}
    client.post("/api/student-config-save", json=save)
    before = client.get("/api/student-progress", params={"sessionToken": TOKEN}).json()["progress"]
    counts = "SELECT count(*) FROM step_progress UNION ALL SELECT count(*) FROM events"
    counts_before = rows(counts)
    response = new_link(
        client, studentEmail=" ANN@example.com ", pageUrl="https://workshop.example/page?a=1#old"
    ).json()
    token = response["sessionToken"]
    assert response["link"] == f"https://workshop.example/page?a=1#sessionToken={token}"
    assert response["apiKeyKept"] is True
    after = client.get("/api/student-progress", params={"sessionToken": token}).json()["progress"]
    changed_fields = {name for name in before if before[name] != after[name]}
    assert changed_fields <= {"session_token", "updated_at"}
    config = client.get("/api/student-config-get", params={"sessionToken": token}).json()["config"]
    assert (config["apiKeyUsable"], config["systemPrompt"]) == (True, "Be kind.")
    assert rows(counts) == [counts_before[0], (counts_before[1][0] + 1,)]
    for path in ("student-progress", "student-config-get"):
        params = {"sessionToken": TOKEN}
        assert client.get(f"/api/{path}", params=params).status_code == 404
    refusal = post(stepNumber=4)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "token_replaced")
    config_refusal = client.post("/api/student-config-save", json=save)
    assert config_refusal.json()["code"] == "token_replaced"
    assert post(sessionToken=token, stepNumber=4, completed=True).status_code == 200
    assert rows("SELECT count(*) FROM sessions") == [(1,)]


def test_update_during_which_the_token_is_replaced_is_refused(
    client: TestClient, post: Post, rows: Rows, postgres_url: str
) -> None:
    post(studentEmail="ann@example.com")
    update = {"sessionToken": TOKEN, "systemPrompt": "Be kind."}
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT FROM sessions FOR UPDATE")
            call = pool.submit(client.put, "/api/student-config-update", json=update)
            wait_for_blocked_calls(rows)
            other.execute(
                "SELECT replace_token(session_token, %s, NULL, extra, exercises) FROM sessions",
                [f"{TOKEN}1"],
            )
        refusal = call.result(timeout=10)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "token_replaced")
    assert rows("SELECT session_token, system_prompt FROM sessions") == [(f"{TOKEN}1", None)]


def test_new_link_is_for_the_last_session_with_progress_or_the_one_named(
    client: TestClient, post: Post
) -> None:
    person = {"studentEmail": "ann@example.com"}
    first, second = (f"{TOKEN}{n}" for n in (1, 2))
    post(sessionToken=first, stepNumber=5, **person)
    post(sessionToken=second, stepNumber=2, **person)
    client.post("/api/generate-session", json=person)
    new_link(client, **person)
    assert post(sessionToken=second).json()["code"] == "token_replaced"
    assert post(sessionToken=first).status_code == 200
    assert new_link(client, sessionToken=first).status_code == 200
    assert post(sessionToken=first).json()["code"] == "token_replaced"


def test_api_key_that_cannot_be_decrypted_is_removed_by_a_new_link(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post()
    rows("UPDATE sessions SET openai_api_key = 'v1.00000000.' || repeat('x', 16) || '.yyyy'")
    assert new_link(client, sessionToken=TOKEN).json()["apiKeyKept"] is False
    assert rows("SELECT openai_api_key FROM sessions") == [(None,)]


def test_every_secret_is_sealed_for_the_new_token(
    client: TestClient, rows: Rows, settings: Settings
) -> None:
    save = {"sessionToken": TOKEN, "twilioAuthToken": "0123456789abcdef0123456789abcdef"}
    assert client.post("/api/student-config-save", json=save).status_code == 200
    vault = Vault.from_settings(settings)
    sealed_key = vault.seal_repeatably("from an unknown column", TOKEN, LEGACY_FIELD)
    rows(
        "UPDATE sessions SET exercises = jsonb_build_object("
        "'_legacy', jsonb_build_object('workshop_students', jsonb_build_array("
        "jsonb_build_object('api_key_secret', %s::text))))",
        sealed_key,
    )
    token = new_link(client, sessionToken=TOKEN).json()["sessionToken"]
    ((auth_token, sealed_key),) = rows(
        "SELECT extra ->> 'twilioAuthToken',"
        " exercises #>> '{_legacy,workshop_students,0,api_key_secret}' FROM sessions"
    )
    assert vault.open(auth_token, token, AUTH_TOKEN_FIELD) == save["twilioAuthToken"]
    assert vault.open(sealed_key, token, LEGACY_FIELD) == "from an unknown column"


def test_new_link_needs_a_student_and_the_audit_names_nobody(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@example.com")
    assert new_link(client).json()["code"] == "field_missing"
    assert new_link(client, studentEmail="nobody@example.com").status_code == 404
    token = new_link(client, studentEmail="ann@example.com").json()["sessionToken"]
    assert client.post("/api/admin-new-link", json={}, headers=INSTRUCTOR).status_code == 403
    audit = rows("SELECT outcome, facts::TEXT FROM operator_audit WHERE outcome <> 'allowed'")
    assert [outcome for outcome, _ in audit] == ["rejected", "rejected", "done", "rejected"]
    assert not any(private in str(audit) for private in ("ann@", TOKEN, token))


@pytest.mark.parametrize("platform", [Platform.VERCEL, Platform.LAMBDA])
def test_deployment_begins_no_session_under_a_short_token(
    client: TestClient, post: Post, deps: Deps, rows: Rows, platform: Platform
) -> None:
    existing = "ws_123..."
    assert post(sessionToken=existing).status_code == 200
    deps.settings = replace(deps.settings, platform=platform)
    track = {"exerciseId": "step-1", "studentEmail": "ann@example.com"}
    for method, path, body in (
        ("POST", "student-progress", {"stepNumber": 1}),
        ("POST", "student-config-save", {"systemPrompt": "Be kind."}),
        ("POST", "track-student-progress", track),
    ):
        for token, status in ((SHORT, 422), (existing, 200), (SHORT + "x", 200)):
            if path == "student-config-save" and token == existing:
                continue  # takes no token under 10 characters
            response = client.request(method, f"/api/{path}", json={"sessionToken": token, **body})
            assert response.status_code == status, response.text
            if status == 422:
                assert response.json()["code"] == "token_too_short"
    assert rows("SELECT session_token FROM sessions WHERE session_token = %s", SHORT) == []
