"""Which packages a function has imported after its first request, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.settings import Settings
from tests.conftest import ADMIN_PASSWORD, ENCRYPTION_KEY
from tests.support.lambda_runtime import http_event
from tests.support.wire import Request

ROOT = Path(__file__).resolve().parents[2]
WATCHED = (
    *("boto3", "botocore", "cryptography", "httpx", "numpy", "numpy.random", "psycopg"),
    *("pydantic.v1", "sqlalchemy", "upstash_redis"),
)
CALL = """
import importlib, json, sys
module, event, watched = json.load(sys.stdin)
status = importlib.import_module("api." + module).lambda_handler(event, None)["statusCode"]
print(json.dumps([status, [name for name in watched if sys.modules.get(name)]]))
"""
STUDENT = {"studentEmail": "sam@example.org", "studentName": "Sam"}
REDIS = {"httpx", "upstash_redis"}


def after_first_request(module: str, request: Request, settings: Settings) -> tuple[int, set[str]]:
    """Return the status of the response and the packages that are loaded after it."""
    event = http_event(request, request.path)
    environment = {
        "PATH": os.environ["PATH"],
        "POSTGRES_URL": settings.postgres_url or "",
        "KV_REST_API_URL": settings.redis_url or "",
        "KV_REST_API_TOKEN": settings.redis_token or "",
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
    }
    result = subprocess.run(
        [sys.executable, "-c", CALL],
        cwd=ROOT,
        env=environment,
        input=json.dumps([module, event, WATCHED]),
        capture_output=True,
        text=True,
        check=True,
    )
    status, loaded = json.loads(result.stdout)
    return status, set(loaded)


@pytest.mark.parametrize(
    ("module", "method", "path", "body", "packages"),
    [
        ("operations.health", "GET", "/health", None, {"psycopg", *REDIS}),
        ("workshop.generate_session", "POST", "/api/generate-session", STUDENT, {"psycopg"}),
        ("index", "POST", "/api/generate-session", STUDENT, {"psycopg"}),
        (
            "workshop.admin_list_configs_v2",
            "POST",
            "/api/admin-list-configs-v2",
            {"adminPassword": ADMIN_PASSWORD},
            {"psycopg"},
        ),
        (
            "assessment.debug_redis_stats",
            "GET",
            "/api/debug/redis/stats",
            None,
            {"psycopg", *REDIS},
        ),
    ],
)
def test_first_request_loads_only_the_packages_that_it_needs(
    module: str, method: str, path: str, body: Any, packages: set[str], settings: Settings
) -> None:
    headers = {} if body else {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
    request = Request(method, path, body, headers)
    assert after_first_request(module, request, settings) == (200, packages)


def test_first_request_of_a_test_loads_numpy(settings: Settings, client: TestClient) -> None:
    questions = [
        {
            "id": f"q{number}",
            "content": "?",
            "options": ["a", "b"],
            "correct_answer": "a",
            "concepts": [1, 0],
            "difficulty": (number + 1) / 32,
        }
        for number in range(30)
    ]
    body = {"questions": questions, "adminPassword": ADMIN_PASSWORD}
    upload = Request("POST", "/api/questions/upload", body)
    uploaded = after_first_request("assessment.questions_upload", upload, settings)
    assert uploaded == (200, {"psycopg"})
    pool_id = client.post("/api/questions/upload", json=body).json()["question_pool_id"]
    start = {"student_id": "sam", "question_pool_id": pool_id, "concept_names": ["A", "B"]}
    selecting = {"psycopg", "numpy", "numpy.random", *REDIS}  # draws which questions are eligible
    started = after_first_request(
        "assessment.start", Request("POST", "/api/test/start", start), settings
    )
    assert started == (200, selecting)
    session = client.post("/api/test/start", json=start).json()
    answer = {
        "session_id": session["session_id"],
        "question_id": session["next_question"]["id"],
        "response": 0,
    }
    submitted = after_first_request(
        "assessment.submit", Request("POST", "/api/test/submit", answer), settings
    )
    assert submitted == (200, selecting)


def test_first_sealed_key_loads_the_cipher(settings: Settings, client: TestClient) -> None:
    token = client.post("/api/generate-session", json=STUDENT).json()["sessionToken"]
    for key, packages in ((None, {"psycopg"}), ("sk-test-key", {"psycopg", "cryptography"})):
        body = {"sessionToken": token, "openaiApiKey": key, "voice": "alloy"}
        request = Request("POST", "/api/student-config-save", body)
        saved = after_first_request("workshop.student_config_save", request, settings)
        assert saved == (200, packages)
