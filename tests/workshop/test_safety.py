"""Safety rules for every endpoint of the workshop."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.access.endpoint import CLOSED, Endpoint
from lib.routes import ENDPOINTS
from lib.web.functions import function_app
from lib.web.openapi import description
from tests.conftest import ADMIN_PASSWORD
from tests.workshop.conftest import TOKEN

Rows = Callable[..., list[tuple[Any, ...]]]
MODULES = {
    "workshop.generate_session",
    "workshop.student_progress",
    "workshop.student_config_save",
    "workshop.student_config_update",
    "workshop.student_config_get",
    "workshop.track_student_progress",
    "workshop.course",
    "workshop.report_bug",
    "workshop.session_log",
    "workshop.cleanup_sessions",
    "workshop.admin_list_configs",
    "workshop.admin_list_configs_v2",
    "workshop.admin_delete_sessions",
    "workshop.admin_change_email",
    "operations.admin_delete_student",
    "workshop.admin_people",
    "workshop.admin_save_course",
    "workshop.admin_support",
    "workshop.ask_for_help",
    "workshop.analytics",
    "workshop.class_progress",
    "workshop.admin_roster",
    "operations.admin_create_unified_schema",
}
WORKSHOP = [row for row in ENDPOINTS if row.module in MODULES]
WITH_BODY = [
    (row, method) for row in WORKSHOP for method in row.methods if method in {"POST", "PUT"}
]


def case_id(case: Any) -> str:
    return case.module if isinstance(case, Endpoint) else str(case)


def example(row: Endpoint, method: str) -> dict[str, Any]:
    """Return the request in the API's description of this endpoint."""
    described = description()["paths"][row.path][method.lower()]
    body: dict[str, Any] = described["requestBody"]["content"]["application/json"]["example"]
    return body


def test_every_module_is_served() -> None:
    assert {row.module for row in WORKSHOP} == MODULES
    workshop_modules = {row.module for row in ENDPOINTS if row.module.startswith("workshop.")}
    assert workshop_modules - MODULES == set(), (
        "add these to MODULES: the tests below call their endpoints"
    )


def test_new_session_has_a_token_that_cannot_be_guessed(client: TestClient, rows: Rows) -> None:
    responses = [
        client.post("/api/generate-session"),
        client.post("/api/generate-session", json={}),
    ]
    tokens = [response.json()["sessionToken"] for response in responses]
    for token in tokens:
        prefix, milliseconds, random = token.split("_")
        assert (prefix, len(random), int(random, 16) > 0) == ("ws", 64, True)
        assert abs(rows("SELECT extract(epoch FROM now()) * 1000")[0][0] - int(milliseconds)) < 60e3
    assert tokens[0] != tokens[1]
    assert sorted(rows("SELECT session_token FROM sessions")) == sorted((t,) for t in tokens)
    assert rows("SELECT DISTINCT event_type FROM events") == [("session_created",)]


@pytest.mark.parametrize(("row", "method"), WITH_BODY, ids=case_id)
def test_malformed_bodies_are_refused(
    client: TestClient, operator: dict[str, str], row: Endpoint, method: str
) -> None:
    def send(raw: bytes, content_type: str = "application/json") -> int:
        headers = {"Content-Type": content_type, **operator}
        return client.request(method, row.path, content=raw, headers=headers).status_code

    body = json.dumps(example(row, method)).encode()
    assert send(b'{"a": "' + b"x" * (row.body_limit + 1) + b'"}') == 413
    assert send(body, "text/plain") == 415
    assert send(body[:-1]) == 400
    assert send(b'{"a": ' * 40 + b"1" + b"}" * 40) == 422
    assert send(body[:-1] + b', "x": NaN}') == 422
    assert send(body[:-1] + b', "x": 1, "x": 2}') == 422
    assert send(body[:-1] + b', "x": "\\u0000"}') == 422
    assert send(b"[]") == 422
    assert send(b"null") in {200, 422}  # 200 where a body may be left out


@pytest.mark.parametrize("row", WORKSHOP, ids=case_id)
def test_other_methods_are_refused(client: TestClient, row: Endpoint) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(row.methods):
        response = client.request(method, row.path)
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) == set(row.methods)


@pytest.mark.parametrize("row", [row for row in WORKSHOP if row.access in CLOSED], ids=case_id)
def test_endpoints_of_operators_and_cron_refuse_strangers(
    client: TestClient, row: Endpoint
) -> None:
    (method,) = row.methods
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN}"}):
        response = client.request(method, row.path, headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("token", ["ws_1732147200000_" + "ca" * 32, "an-older-pages-token"])
def test_nothing_private_reaches_the_logs(
    client: TestClient,
    capfd: pytest.CaptureFixture[str],
    operator: dict[str, str],
    rows: Rows,
    token: str,
) -> None:
    person = {"sessionToken": token, "studentEmail": "canary@example.com",
              "studentName": "Canary Person"}  # fmt: skip
    key = "sk-canary-key-1234567890"
    client.post("/api/generate-session", json=person)
    client.post("/api/student-progress", json={**person, "stepNumber": 1})
    client.post("/api/student-progress", json={**person, "stepNumber": 99})
    client.post("/api/student-progress", json={
        **person, "stepNumber": 1, "studentEmail": "canary2@example.com"})  # fmt: skip
    client.post("/api/student-config-save", json={**person, "openaiApiKey": key})
    rows("UPDATE sessions SET openai_api_key = 'v1.canary'")  # cannot be decrypted
    config = client.get("/api/student-config-get", params={"sessionToken": token}).json()["config"]
    assert config["apiKeyUsable"] is False
    client.get("/api/student-progress", params={"studentEmail": "canary@example.com"})
    client.post("/api/track-student-progress", json={**person, "exerciseId": "step-1"})
    client.post("/api/report-bug", json={**person, "description": f"canary {key}"})
    client.post("/api/admin-list-configs", json={"adminPassword": "canary password"})
    client.post("/api/admin-delete-student", json={"studentEmail": "canary@example.com"},
                headers=operator)  # fmt: skip
    logged = capfd.readouterr()
    assert logged.err.count('"event": "request"') == 11
    assert logged.err.count('"event": "api_key_unusable"') == 1
    for private in ("canary", "Canary", token, ADMIN_PASSWORD):
        assert private not in logged.err + logged.out


def people_bodies(client: TestClient, rows: Rows) -> dict[str, dict[str, str]]:
    """Return bodies for the calls of admin_people; the token opens the session with the API key."""
    client.post("/api/generate-session", json={"studentEmail": "ben@example.com"})
    ((token,),) = rows("SELECT session_token FROM sessions WHERE openai_api_key IS NOT NULL")
    ann = "ann@example.com"
    return {
        "/api/admin-rename-student": {"studentEmail": ann, "newName": "Ann"},
        "/api/admin-merge-students": {
            "keepStudentEmail": ann, "mergeStudentEmail": "ben@example.com",
        },
        "/api/admin-detach-session": {"sessionToken": token},
    }  # fmt: skip


def test_no_response_contains_an_api_key(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    body = {"sessionToken": TOKEN, "studentEmail": "ann@example.com"}
    client.post("/api/student-config-save", json={**body, "openaiApiKey": "sk-canary-12345678"})
    ((sealed,),) = rows("SELECT openai_api_key FROM sessions")
    for row in WORKSHOP:
        if row.module in {
            "operations.admin_delete_student",
            "workshop.admin_delete_sessions",
            "workshop.cleanup_sessions",
        }:
            continue  # they would remove the key
        for method in row.methods:
            params = {"sessionToken": TOKEN, "studentId": "ann@example.com"}
            if row.path == "/api/student-progress":
                del params["studentId"]
            if row.path == "/api/session-log":
                body["eventType"] = "action"
            fields = {"stepNumber": 1, "exerciseId": "step-1", "description": "x"}
            fields["newEmail"] = "ann@example.com"
            request_body: dict[str, Any] = {**body, **fields}
            if row.module == "workshop.admin_people":
                request_body = {**people_bodies(client, rows)[row.path]}
            if row.module == "operations.admin_create_unified_schema":
                request_body = {}
            if row.path == "/api/admin-import-roster":
                request_body = {"csv": "ann@example.com"}
            if row.module == "workshop.admin_save_course":
                request_body = {
                    "courseId": "knots",
                    "name": "Knots",
                    "steps": [{"name": "Bowline"}],
                }
            response = client.request(
                method, row.path, headers=operator,
                **({"params": params} if method == "GET" else {"json": request_body}),
            )  # fmt: skip
            assert response.status_code == 200, row
            assert "canary" not in response.text
            assert sealed not in response.text
            assert "v1." not in response.text


@pytest.mark.parametrize("row", WORKSHOP, ids=case_id)
def test_function_on_its_own_responds_as_in_the_whole_app(
    client: TestClient, row: Endpoint
) -> None:
    alone = TestClient(function_app(row.module), raise_server_exceptions=False)
    for method in row.methods:
        responses = [each.request(method, row.path) for each in (alone, client)]
        codes = [(response.status_code, response.json().get("code")) for response in responses]
        assert codes[0] == codes[1]
