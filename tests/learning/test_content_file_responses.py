"""Responses with content files: compressed, kept by browsers for a year, never altered."""

import asyncio
import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.learning.content import lambda_handler
from lib.deps import Deps
from lib.learning.database import postgres_session
from lib.web.immutable_file import MEDIA_TYPE, _reads_gzip
from tests.learning.school import PASSWORD, School
from tests.support.lambda_runtime import http_event
from tests.support.wire import Request

PATH = "/api/learning/content-files"


@pytest.fixture
def student(client: TestClient, deps: Deps) -> dict[str, str]:
    """Headers of a student of a school with a syllabus."""
    with postgres_session(deps) as db:
        school = School(db, deps.settings)
        school.syllabus("topic  weight  hours\nAlgebra  50  4\nGeometry  50  4\n")
        school.user("ann")
    log_in = client.post("/api/auth/login", json={"username": "ann", "password": PASSWORD})
    return {"Authorization": f"Bearer {log_in.json()['access_token']}"}


@pytest.fixture
def listed_file(client: TestClient, student: dict[str, str]) -> dict[str, Any]:
    """The syllabus in the list of files."""
    files = client.get(PATH, headers=student).json()["files"]
    return next(file for file in files if file["name"] == "syllabus")


@pytest.mark.parametrize(
    ("accept_encoding", "is_compressed"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("identity", False)],
)
def test_file_is_compressed_for_clients_that_read_gzip(
    client: TestClient,
    student: dict[str, str],
    listed_file: dict[str, Any],
    accept_encoding: str,
    *,
    is_compressed: bool,
) -> None:
    headers = student | {"Accept-Encoding": accept_encoding}
    response = client.get(f"{PATH}/{listed_file['sha256']}?colour=red", headers=headers)
    assert response.status_code == 200
    assert hashlib.sha256(response.content).hexdigest() == listed_file["sha256"]
    assert len(response.content) == listed_file["size"]
    assert (response.headers.get("content-encoding") == "gzip") == is_compressed
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert response.headers["vary"] == "Accept-Encoding"
    names = {topic["name"] for topic in response.json()["topics"]}
    assert names == {"Algebra", "Geometry"}


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip; q=0.001", True),
        ("gzip;q=0.000", False),
        ("gzip;q=0.", False),
        ("x-gzip", False),
    ],
)
def test_gzip_is_read_if_it_is_named_with_a_positive_weight(
    accept_encoding: str, *, expected: bool
) -> None:
    assert _reads_gzip(accept_encoding) is expected


def test_file_that_the_client_has_is_not_sent_again(
    client: TestClient, student: dict[str, str], listed_file: dict[str, Any]
) -> None:
    path = f"{PATH}/{listed_file['sha256']}"
    tag = client.get(path, headers=student).headers["etag"]
    assert tag == f'"{listed_file["sha256"]}"'
    for sent_tags in (tag, f'W/{tag}, "another"'):
        response = client.get(path, headers=student | {"If-None-Match": sent_tags})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == tag
    assert client.get(path, headers=student | {"If-None-Match": '"x"'}).status_code == 200


def test_file_needs_a_log_in(client: TestClient, listed_file: dict[str, Any]) -> None:
    path = f"{PATH}/{listed_file['sha256']}"
    for headers in ({}, {"If-None-Match": f'"{listed_file["sha256"]}"'}):
        refusal = client.get(path, headers=headers)
        assert (refusal.status_code, refusal.json()["code"]) == (401, "token_refused")
        assert refusal.headers["cache-control"] == "no-store"


@pytest.fixture
def event_loop_of_lambda() -> Iterator[None]:
    """The event loop that Lambda's main thread has."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.usefixtures("event_loop_of_lambda")
def test_lambda_sends_compressed_files_as_base64(
    student: dict[str, str], listed_file: dict[str, Any]
) -> None:
    headers = student | {"Accept-Encoding": "gzip"}
    request = Request("GET", f"{PATH}/{listed_file['sha256']}", headers=headers)
    result = lambda_handler(http_event(request, f"{PATH}/{{sha256}}"), None)
    assert (result["statusCode"], result["isBase64Encoded"]) == (200, True)
    body = gzip.decompress(base64.b64decode(result["body"]))
    assert hashlib.sha256(body).hexdigest() == listed_file["sha256"]
    assert json.loads(body)["format"] == 1
