"""An error about a field names it in the caller's spelling, whatever the fault."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.access.endpoint import BY_TOKEN, Access
from lib.settings import Settings
from lib.web.openapi import description
from tests.support.api_operations import JSON, Operation, operations

POOL = "00000000-0000-4000-8000-000000000000"
PATH = re.compile(r"[\w-]+(\[\d+\]|\.[\w-]+)*")
WRONG_VALUES: tuple[object, ...] = (7, "x", {"x": 1}, [], "x" * 5_001)
"""Values of which at least one is wrong for every field with a type."""
TAKING_ANYTHING = {"POST /api/session-log": {"timestamp"}}
"""Fields that accept any value, because live pages send several types."""
WITH_A_CURSOR = {
    "GET /api/student-progress": {"studentEmail": "ann@example.com"},
    "GET /api/track-student-progress": {"getAllStudents": "true"},
}
"""Parameters without which a call has no pages."""
REPORT_BUG = "POST /api/report-bug"
"""Operation in which only `description` is checked; its other fields accept any JSON."""
WITH_BODY = [operation for operation in operations() if operation.has_body]
TEXTS_IN_THE_URL = [
    (operation, place, parameter["name"])
    for operation in operations()
    for place in ("path", "query")
    for parameter in operation.parameters
    if parameter["in"] == place and parameter["schema"].get("type", "string") == "string"
]
PASSWORD = "correct horse battery"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings without limits, because each test makes many calls."""
    return replace(settings, limits_writes=False)


def headers_for(
    operation: Operation, client: TestClient, operator: dict[str, str]
) -> dict[str, str]:
    """Return headers of somebody who may call an operation."""
    if operation.row.access not in BY_TOKEN:
        return operator
    role = "teacher" if operation.row.access is Access.TEACHER else "student"
    account: dict[str, Any] = {"username": f"the {role}", "password": PASSWORD, "role": role}
    if role == "student":
        account |= {"grade": 10, "target_exam": "Finals"}
    tokens = client.post("/api/auth/register", json=account, headers=operator).json()
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def target(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a reference, or a choice between null and one schema, leads to."""
    choices = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    if len(choices) == 1:
        return target(choices[0])
    if "$ref" in schema:
        return target(description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return schema


def bodies_with(schema: dict[str, Any], value: object) -> Iterator[tuple[str, Any]]:
    """Yield each field of a body, by its path, and a body in which it has the value."""
    schema = target(schema)
    if schema.get("type") == "array":
        for path, body in bodies_with(schema["items"], value):
            yield f"[0]{'.' * (path[:1] != '[')}{path}", [body]
    for name, part in schema.get("properties", {}).items():
        if name != "adminPassword":
            yield name, {name: value}
            for path, body in bodies_with(part, value):
                yield f"{name}{'.' * (path[:1] != '[')}{path}", {name: body}


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_wrong_value_of_a_field_is_named_by_its_path(
    client: TestClient, operator: dict[str, str], operation: Operation
) -> None:
    schema = operation.description["requestBody"]["content"][JSON]["schema"]
    unnamed = {path for path, _ in bodies_with(schema, 7)} - TAKING_ANYTHING.get(
        str(operation), set()
    )
    if str(operation) == REPORT_BUG:
        unnamed &= {"description"}
    headers = headers_for(operation, client, operator)
    for value in WRONG_VALUES:
        for path, body in bodies_with(schema, value):
            response = client.request(
                operation.method, operation.path, json=body, headers=headers
            ).json()
            fields = [detail["field"] for detail in response.get("details", ())]
            assert [field for field in fields if not PATH.fullmatch(field)] == []
            unnamed -= {path} & set(fields)
    assert unnamed == set()


@pytest.mark.parametrize("case", TEXTS_IN_THE_URL, ids=lambda case: f"{case[0]} {case[2]}")
def test_nul_in_the_url_is_refused_with_the_name_of_the_parameter(
    client: TestClient, operator: dict[str, str], case: tuple[Operation, str, str]
) -> None:
    operation, place, name = case
    in_path = operation.examples_in("path") | ({name: "a%00"} if place == "path" else {})
    path = re.sub(r"\{(\w+)\}", lambda match: in_path[match[1]], operation.path)
    required = {each["name"] for each in operation.parameters if each["required"]}
    query = {key: text for key, text in operation.examples_in("query").items() if key in required}
    query |= {name: "a\0"} if place == "query" else {}
    if name == "cursor":
        query |= WITH_A_CURSOR.get(str(operation), {})
    body = operation.request if operation.has_body else None
    headers = headers_for(operation, client, operator)
    response = client.request(operation.method, path, params=query, json=body, headers=headers)
    assert response.status_code == 422
    assert [detail["field"] for detail in response.json()["details"]] == [name]


@pytest.mark.parametrize("text", ['"\\u0000"', '"\\ud800"'])
def test_text_in_a_cursor_that_cannot_be_stored_is_refused_with_the_name_of_the_field(
    client: TestClient, operator: dict[str, str], text: str
) -> None:
    cursor_of_flags, cursor_of_sessions = (
        urlsafe_b64encode(f"[{first}, {text}]".encode()).decode().rstrip("=")
        for first in ("1, 0.5", '"2026-11-21T03:29:16Z"')
    )
    pages = (
        client.get(f"/api/debug/pool/{POOL}", params={"cursor": cursor_of_flags}, headers=operator),
        client.post(
            "/api/admin-list-configs-v2", json={"cursor": cursor_of_sessions}, headers=operator
        ),
    )
    for page in pages:
        assert (page.status_code, page.json()["code"]) == (422, "invalid_cursor")
        assert page.json()["details"][0]["field"] == "cursor"


def test_minimum_above_the_maximum_is_named_by_its_path(client: TestClient) -> None:
    criteria = {"min_questions": 9, "max_questions": 8}
    body = {"student_id": "ann", "question_pool_id": POOL, "end_criteria": criteria}
    (detail,) = client.post("/api/test/start", json=body).json()["details"]
    assert detail == {
        "field": "end_criteria.min_questions",
        "problem": "must not be greater than max_questions",
    }


def test_problems_are_put_in_the_words_of_json(client: TestClient) -> None:
    body = {"sessionToken": "ws_" + "5f" * 20, "voiceSettings": 7, "tools": 7}
    response = client.post("/api/student-config-save", json=body)
    assert {detail["field"]: detail["problem"] for detail in response.json()["details"]} == {
        "tools": "Input should be a list or an object",
        "voiceSettings": "Input should be an object",
    }
    assert json.loads(response.text)["error"] == "tools: Input should be a list or an object"
