"""A field that nobody reads is named in the response; its value appears nowhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.access.endpoint import Access
from lib.logs import MAX_NAME_LENGTH
from lib.routes import ENDPOINTS
from lib.web.functions import function_app
from lib.web.strict_route import StrictRoute
from lib.web.unknown_fields import MAX_NAMED, KnownNames
from tests.conftest import ADMIN_PASSWORD

LIVE_REQUESTS = Path(__file__).resolve().parents[3] / "shared" / "live-page-requests.jsonl"
TOKEN = "ws_1764200000000_" + "5f" * 32
STEP = {"sessionToken": TOKEN, "stepNumber": 1}
PASSWORD = {"adminPassword": ADMIN_PASSWORD}


def warnings(body: dict[str, Any]) -> dict[str, str]:
    return {warning["field"]: warning["problem"] for warning in body["warnings"]}


def known_names(method: str, path: str) -> KnownNames:
    (row,) = (row for row in ENDPOINTS if row.path == path and method in row.methods)
    (route,) = (
        route
        for route in function_app(row.module).routes
        if isinstance(route, StrictRoute)
        and route.path == row.route
        and method in (route.methods or ())
    )
    return route.known_names(row)


def test_ignored_field_is_named_with_what_it_may_mean(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    response = client.post(
        "/api/student-progress", json={**STEP, "stepNmae": "canary-value", "colour": "canary-value"}
    )
    assert response.status_code == 200
    assert response.headers["content-length"] == str(len(response.content))
    assert warnings(response.json()) == {
        "stepNmae": "Unknown field; did you mean stepName?",
        "colour": "Unknown field.",
    }
    log_lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = (line for line in log_lines if line["event"] == "unknown_fields")
    assert line["names"] == ["stepNmae", "colour"]
    assert line["request"] == response.headers["x-request-id"]
    assert "canary-value" not in response.text + json.dumps(log_lines)


def test_known_fields_cause_no_warning(client: TestClient) -> None:
    body = {**STEP, "stepName": "Setup", "timeSpent": 3, "studentName": "Ann"}
    assert "warnings" not in client.post("/api/student-progress", json=body).json()


def test_ignored_field_is_named_beside_the_field_that_is_missing(client: TestClient) -> None:
    response = client.post("/api/student-progress", json={"sessionToken": TOKEN, "step_numbr": 1})
    assert response.status_code == 422
    assert response.json()["details"] == [
        {"field": "stepNumber", "problem": "Field required"},
        {"field": "step_numbr", "problem": "Unknown field; did you mean stepNumber?"},
    ]
    response = client.get("/api/student-progress", params={"sesionToken": TOKEN})
    assert response.status_code == 400
    assert response.json()["details"][-1] == {
        "field": "sesionToken",
        "problem": "Unknown field; did you mean sessionToken?",
    }


@pytest.mark.parametrize(
    ("path", "body", "field", "problem"),
    [
        ("/api/test/start", {"studentid": "a"}, "studentid", "; did you mean student_id?"),
        ("/api/test/end", {"is_admin": True}, "is_admin", "."),
        (
            "/api/test/start",
            {"end_criteria": {"max_question": 3}},
            "end_criteria.max_question",
            "; did you mean max_questions?",
        ),
        (
            "/api/questions/upload",
            {"questions": [{"id": "q"}, {"contents": "x"}]},
            "questions[1].contents",
            "; did you mean content?",
        ),
    ],
)
def test_refused_field_is_named_with_what_it_may_mean(
    client: TestClient,
    operator: dict[str, str],
    path: str,
    body: dict[str, Any],
    field: str,
    problem: str,
) -> None:
    response = client.post(path, json=body, headers=operator)
    assert response.status_code == 422
    details = {detail["field"]: detail["problem"] for detail in response.json()["details"]}
    assert details[field] == f"Unknown field{problem}"


def test_unknown_parameter_is_named(client: TestClient, operator: dict[str, str]) -> None:
    params = {"studentEmail": "ann@example.com", "lang": "en"}
    body = client.get("/api/student-progress", params=params).json()
    assert warnings(body) == {"lang": "Unknown field."}
    health = client.get("/health?verbos=1").json()
    assert warnings(health) == {"verbos": "Unknown field."}
    refused = client.get("/api/workshop-analytics?dayz=3", headers=operator)
    assert refused.json()["details"][0]["problem"].startswith("Unknown field; did you mean days?")


WHOLE_TABLES = [
    "/api/admin-migrate-to-unified-schema",
    "/api/admin-normalize-database-v2",
    "/api/admin-cleanup-old-tables",
    "/api/admin-restore-old-tables",
    "/api/admin-create-unified-schema",
    "/api/admin-restore",
]
"""Calls that change whole tables."""


@pytest.mark.parametrize("path", WHOLE_TABLES)
@pytest.mark.parametrize("name", ["dryrun", "dry-run", "DRYRUN", "dryRum", "trial", "adminPasword"])
def test_unknown_field_stops_a_call_about_whole_tables(
    client: TestClient, operator: dict[str, str], path: str, name: str
) -> None:
    """If a misspelt `dryRun` were ignored, the migration would write."""
    response = client.post(path, json={"name": "a backup", name: True}, headers=operator)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    problems = {each["field"]: each["problem"] for each in response.json()["details"]}
    assert problems[name].startswith("Unknown field")
    if name.lower().startswith("dry") and path == WHOLE_TABLES[0]:
        assert problems[name] == "Unknown field; did you mean dryRun?"


@pytest.mark.parametrize("name", ["dryRun", "dryrun", "dry_run"])
def test_operators_field_in_the_query_stops_the_call(client: TestClient, name: str) -> None:
    path = "/api/admin-migrate-to-unified-schema"
    response = client.post(path, json=PASSWORD, params={name: "true"})
    assert (response.status_code, response.json()["code"]) == (422, "misspelt_field")
    (detail,) = response.json()["details"]
    assert detail["field"] == name
    assert detail["problem"].startswith("Unknown field; did you mean dryRun in the body?")
    body = {**PASSWORD, "dryRun": True}
    code = client.post(path, json=body, params={name: "true"}).json().get("code")
    assert code != "misspelt_field"  # dryRun was sent, too
    code = client.post(path, json={**body, name.lower(): 1}).json().get("code")
    assert code != "misspelt_field"


def test_field_of_a_body_that_nobody_reads_is_named(
    client: TestClient, operator: dict[str, str]
) -> None:
    path = "/api/workshop-analytics"
    body = {**PASSWORD, "colour": "canary-value"}
    response = client.request("GET", path, json=body, headers=operator)
    assert warnings(response.json()) == {"colour": "Unknown field."}


def test_field_is_not_a_misspelling_of_one_that_was_sent(client: TestClient) -> None:
    path = "/api/admin-change-email"
    body = {**PASSWORD, "studentEmail": "nobody@example.com", "newEmial": "new@example.com"}
    assert client.post(path, json=body).json()["code"] == "misspelt_field"
    body["newEmail"] = "new@example.com"
    assert client.post(path, json=body).json()["code"] == "student_not_found"


def test_other_unknown_fields_of_operators_are_ignored_and_named(client: TestClient) -> None:
    body = {**PASSWORD, "requestedBy": "Ann"}
    response = client.post("/api/admin-list-configs-v2", json=body)
    assert warnings(response.json()) == {"requestedBy": "Unknown field."}


def test_names_are_bounded_and_hide_secrets(client: TestClient) -> None:
    names = [f"field{number}" for number in range(50)]
    body = client.post("/api/student-progress", json={**STEP, **dict.fromkeys(names, 1)}).json()
    assert list(warnings(body)) == names[:MAX_NAMED]
    unusual_fields = {
        "a\r\nb": 1,
        "x" * 500: 1,
        "sk-" + "abcdefgh" * 4: 1,
        "ann@example.com": 1,
        "x@" * 9000: 1,
    }
    response = client.post("/api/student-progress", json={**STEP, **unusual_fields})
    warned_names = list(warnings(response.json()))
    assert warned_names[:3] == ["a??b", "x" * MAX_NAME_LENGTH, "(hidden)"]
    assert "ann@example.com" not in response.text
    refused = client.post("/api/test/end", json={"session_id": TOKEN, **unusual_fields})
    assert refused.status_code == 422
    assert "ann@example.com" not in refused.text
    assert "abcdefgh" not in refused.text


@pytest.mark.parametrize(
    "row", [row for row in ENDPOINTS if row.access is not Access.CRON], ids=lambda row: row.path
)
def test_every_endpoint_knows_its_own_query_parameters(row: Any) -> None:
    for method in row.methods:
        names = known_names(method, row.path)
        assert method == "GET" or names.body is not None or "{" in row.path
        parameters = set(names.query)
        assert list(names.unknown_in_query(parameters, None)) == []


def test_requests_of_live_pages_cause_no_warning() -> None:
    if not LIVE_REQUESTS.is_file():
        pytest.skip(f"{LIVE_REQUESTS} is not on this machine")
    paths = {row.path for row in ENDPOINTS}
    for line in LIVE_REQUESTS.read_text().splitlines():
        request = json.loads(line)
        if request["path"] not in paths:
            continue
        names = known_names(request["method"], request["path"])
        body, query = request["body"], request.get("query", {})
        assert list(names.unknown_in_body(body)) == []
        assert list(names.unknown_in_query(query, body)) == []
