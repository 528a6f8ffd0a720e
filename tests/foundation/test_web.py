"""Behaviour of every function: headers, limits, errors and allowed origins."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from lib.access.endpoint import LARGE_BODY, SMALL_BODY, Access, Endpoint
from lib.deps import Deps, install_deps
from lib.errors import Conflict
from lib.settings import Settings
from lib.web.app import create_app, lambda_entry
from lib.web.headers import API_HEADERS

ROWS = (
    Endpoint("/api/echo/{id}", "echo", ("GET", "POST"), Access.PUBLIC),
    Endpoint("/api/status", "echo", ("POST",), Access.PUBLIC),
    Endpoint("/api/large", "echo", ("POST",), Access.PUBLIC, LARGE_BODY),
)
CANARY = "canary-postgres://user:secret@host"
PAGE = "https://pages.example"


class Body(BaseModel):
    n: int
    text: str = ""
    code: str = Field(default="", pattern="^[a-z]*$")
    id: UUID | None = None


def echo(settings: Settings, rows: tuple[Endpoint, ...] = ROWS) -> TestClient:
    install_deps(Deps(settings))
    app = create_app("echo", rows=rows)

    @app.post("/api/echo/{id}")
    def post(id: str, body: Body) -> Body:  # noqa: A002, ARG001 the name in the path
        return body

    @app.get("/api/echo/{id}")
    def get(id: str) -> dict[str, str]:  # noqa: A002 the name in the path
        if id == "conflict":
            raise Conflict(reason="It is taken.")
        raise RuntimeError(CANARY)

    @app.post("/api/status")
    def status(body: Body, response: Response) -> Body:
        response.status_code = body.n
        return body

    @app.post("/api/large")
    def large(body: Body) -> dict[str, int]:
        return {"length": len(body.text)}

    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def web() -> Iterator[TestClient]:
    yield echo(Settings(allowed_origins=(PAGE,)))
    install_deps(None)


def test_every_response_has_the_security_headers_and_an_id(web: TestClient) -> None:
    responses = [
        web.post("/api/echo/1", json={"n": 1}),
        web.post("/api/echo/1", json={"n": "x"}),
        web.get("/api/echo/conflict"),
        web.get("/api/echo/boom"),
        web.get("/api/none"),
        web.put("/api/echo/1"),
    ]
    assert [response.status_code for response in responses] == [200, 422, 409, 500, 404, 405]
    for response in responses:
        assert {name: response.headers.get(name) for name in API_HEADERS} == API_HEADERS
        assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-Id"])
        if response.status_code != 200:
            body = response.json()
            assert body["success"] is False
            assert body["error"]
            assert body["requestId"] == response.headers["X-Request-Id"]


def test_unexpected_error_reveals_no_internals(
    web: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    response = web.get("/api/echo/boom")
    assert response.status_code == 500
    log_text = capsys.readouterr().err
    error_line, request_line = map(json.loads, log_text.splitlines())
    assert error_line["kind"] == "RuntimeError"
    assert re.fullmatch(r"lib/[\w/]+\.py:\d+", error_line["at"])
    assert error_line["request"] == request_line["request"] == response.json()["requestId"]
    assert (request_line["route"], request_line["status"]) == ("/api/echo/{id}", 500)
    assert "path" not in request_line
    for text in (response.text, log_text):
        assert "canary" not in text
        assert "secret" not in text


def test_validation_error_names_the_field_and_not_the_value(web: TestClient) -> None:
    response = web.post("/api/echo/1", json={"n": "canary"})
    body = response.json()
    assert body["details"] == [
        {
            "field": "n",
            "problem": "Input should be a valid integer, unable to parse string as an integer",
        }
    ]
    assert body["error"].startswith("n: ")
    assert "canary" not in response.text


def test_validation_error_shows_no_pattern_and_no_internal_type(web: TestClient) -> None:
    good = {"n": 1, "code": "abc", "id": "f1dbc627-9b04-5538-902c-2d94deee7af0"}
    for body, message in (
        ({**good, "code": "ABC"}, "code: Input has a character or a form that is not allowed here"),
        ({**good, "id": "x"}, "id: Input should be a UUID"),
        ({**good, "id": 3}, "id: Input should be a UUID"),
        ([], "body: Input should be an object"),
    ):
        assert web.post("/api/echo/1", json=body).json()["error"] == message


@pytest.mark.parametrize("slashes", ["/", "//"])
def test_slash_at_the_end_is_ignored(web: TestClient, slashes: str) -> None:
    web.follow_redirects = False
    response = web.post(f"/api/echo/1{slashes}", json={"n": 1})
    assert (response.status_code, response.json()["n"]) == (200, 1)
    assert web.delete(f"/api/echo/1{slashes}").headers["Allow"] == "GET, POST"
    assert web.get(f"/api/none{slashes}").status_code == 404
    assert web.get(slashes).status_code == 404


def test_wrong_method_gives_405_with_the_allowed_methods(web: TestClient) -> None:
    response = web.delete("/api/echo/1")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, POST"


def test_head_is_served_like_get_without_the_body(web: TestClient) -> None:
    get, head = web.get("/api/echo/conflict"), web.head("/api/echo/conflict")
    assert head.status_code == get.status_code == 409
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]
    assert web.head("/api/large").status_code == 405


@pytest.mark.parametrize(
    "media",
    [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
        "application/json-seq",
        "xapplication/json",
        "text/json",
        "json",
        "",
    ],
)
def test_other_content_types_give_415(web: TestClient, media: str) -> None:
    response = web.post("/api/echo/1", content=b'{"n": 1}', headers={"Content-Type": media})
    assert response.status_code == 415


@pytest.mark.parametrize(
    "media",
    [
        "application/json; charset=utf-8",
        "Application/JSON ;charset=UTF-8",
        "application/problem+json",
        "application/vnd.api+json; version=1",
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_type_of_json_is_accepted(web: TestClient, media: str, mark: bytes) -> None:
    headers = {"Content-Type": media}
    response = web.post("/api/echo/1", content=mark + b'{"n": 1}', headers=headers)
    assert (response.status_code, response.json()["n"]) == (200, 1)


def test_body_in_another_encoding_is_refused_with_the_name_of_the_encoding(web: TestClient) -> None:
    headers = {"Content-Type": "application/json; charset=utf-16"}
    response = web.post("/api/echo/1", content='{"n": 1}'.encode("utf-16"), headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "not_json")
    assert response.json()["error"] == "The body is not JSON: it is UTF-16; send it as UTF-8."
    assert [detail["field"] for detail in response.json()["details"]] == ["body"]


@pytest.mark.parametrize(
    ("path", "limit"), [("/api/echo/1", SMALL_BODY), ("/api/large", LARGE_BODY)]
)
def test_bodies_are_accepted_up_to_the_limit_of_their_endpoint(
    web: TestClient, path: str, limit: int
) -> None:
    envelope_bytes = len(b'{"n": 1, "text": ""}')
    headers = {"Content-Type": "application/json"}

    def send(size: int) -> int:
        text = b'{"n": 1, "text": "' + b"x" * (size - envelope_bytes) + b'"}'
        return web.post(path, content=text, headers=headers).status_code

    assert send(limit) == 200
    assert send(limit + 1) == 413


def test_body_without_a_content_length_is_still_limited(web: TestClient) -> None:
    def megabyte() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1024

    headers = {"Content-Type": "application/json"}
    assert web.post("/api/echo/1", content=megabyte(), headers=headers).status_code == 413


def test_only_listed_pages_may_call_from_another_origin(web: TestClient) -> None:
    def allowed_origin(origin: str) -> str | None:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        response = web.options("/api/echo/1", headers=headers)
        return response.headers.get("Access-Control-Allow-Origin")

    assert allowed_origin(PAGE) == PAGE
    assert allowed_origin("https://evil.example") is None
    assert allowed_origin("null") is None
    response = web.post("/api/echo/1", json={"n": 1}, headers={"Origin": PAGE})
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Origin": "https://evil.example"}, "origin"),
        ({"Access-Control-Request-Method": "DELETE"}, "method"),
        ({"Access-Control-Request-Headers": "X-Other"}, "headers"),
    ],
)
def test_refused_preflight_has_the_reason_in_the_envelope(
    web: TestClient, headers: dict[str, str], refused: str
) -> None:
    accepted_headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    response = web.options("/api/echo/1", headers={**accepted_headers, **headers})
    assert response.status_code == 400
    assert response.json() == {
        "success": False,
        "error": f"Pages of other origins may not send this request; not allowed: {refused}.",
        "code": "cors_refused",
        "requestId": response.headers["X-Request-Id"],
    }
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert {name: response.headers.get(name) for name in API_HEADERS} == API_HEADERS


@pytest.mark.parametrize("header", ["X-Session-Id", "X-Session-Token", "Idempotency-Key"])
def test_listed_pages_may_send_every_header_that_is_read(web: TestClient, header: str) -> None:
    headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": header}
    response = web.options("/api/echo/1", headers={"Origin": PAGE, **headers})
    assert response.status_code == 200
    assert header in response.headers["Access-Control-Allow-Headers"]


def test_operators_functions_allow_no_other_origin() -> None:
    rows = tuple(replace(row, access=Access.OPERATOR) for row in ROWS)
    operators_client = echo(Settings(allowed_origins=(PAGE,)), rows)
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    response = operators_client.options("/api/echo/1", headers=headers)
    install_deps(None)
    assert "Access-Control-Allow-Origin" not in response.headers


def test_handler_may_set_the_status_of_the_model_that_it_returns(web: TestClient) -> None:
    for status in (200, 202, 503):
        response = web.post("/api/status", json={"n": status})
        assert (response.status_code, response.json()["n"]) == (status, status)


def test_a_schedule_runs_its_job_or_is_refused_without_one(web: TestClient) -> None:
    assert isinstance(web.app, FastAPI)
    entry = lambda_entry(web.app, scheduled=lambda: {"swept": 3})
    assert entry({"source": "aws.events"}, None) == {"swept": 3}
    unscheduled = lambda_entry(web.app)
    assert unscheduled({"source": "aws.events"}, None)["statusCode"] == 400
