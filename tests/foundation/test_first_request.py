"""First requests in a new process: the packages that they load, and several requests at once."""

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
CALL_IN_THREADS = """
import asyncio, importlib, json, sys, threading
import httpx
path, body, count = json.load(sys.stdin)
app, statuses, barrier = importlib.import_module("api.index").app, [], threading.Barrier(count)
sys.setswitchinterval(1e-6)  # many thread switches while models are built
async def call():
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        barrier.wait()
        statuses.append((await client.post(path, json=body)).status_code)
threads = [threading.Thread(target=asyncio.run, args=(call(),)) for _ in range(count)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(statuses))
"""
STUDENT = {"studentEmail": "sam@example.org", "studentName": "Sam"}
REDIS = {"httpx", "upstash_redis"}


def after_first_request(module: str, request: Request, settings: Settings) -> tuple[int, set[str]]:
    """Return the status of the response and the packages that are loaded after it."""
    event = http_event(request, request.path)
    status, packages = run_in_new_process(CALL, [module, event, WATCHED], settings)
    return status, set(packages)


def run_in_new_process(program: str, arguments: list[Any], settings: Settings) -> Any:
    """Run a program; return the value that it prints as JSON."""
    environment = {
        "PATH": os.environ["PATH"],
        "POSTGRES_URL": settings.postgres_url or "",
        "KV_REST_API_URL": settings.redis_url or "",
        "KV_REST_API_TOKEN": settings.redis_token or "",
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
    }
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        check=True,
    )
    # The program prints its result last.
    return json.loads(result.stdout.splitlines()[-1])


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
    upload_result = after_first_request("assessment.questions_upload", upload, settings)
    assert upload_result == (200, {"psycopg"})
    pool_id = client.post("/api/questions/upload", json=body).json()["question_pool_id"]
    start = {"student_id": "sam", "question_pool_id": pool_id, "concept_names": ["A", "B"]}
    # numpy.random draws which questions are eligible.
    selection_packages = {"psycopg", "numpy", "numpy.random", *REDIS}
    start_result = after_first_request(
        "assessment.start", Request("POST", "/api/test/start", start), settings
    )
    assert start_result == (200, selection_packages)
    session = client.post("/api/test/start", json=start).json()
    answer = {
        "session_id": session["session_id"],
        "question_id": session["next_question"]["id"],
        "response": 0,
    }
    submit_result = after_first_request(
        "assessment.submit", Request("POST", "/api/test/submit", answer), settings
    )
    assert submit_result == (200, selection_packages)


def test_first_sealed_key_loads_the_cipher(settings: Settings, client: TestClient) -> None:
    token = client.post("/api/generate-session", json=STUDENT).json()["sessionToken"]
    for key, packages in ((None, {"psycopg"}), ("sk-test-key", {"psycopg", "cryptography"})):
        body = {"sessionToken": token, "openaiApiKey": key, "selectedVoice": "alloy"}
        request = Request("POST", "/api/student-config-save", body)
        save_result = after_first_request("workshop.student_config_save", request, settings)
        assert save_result == (200, packages)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/generate-session", STUDENT, 200),
        ("/api/generate-session", {"studentName": 5}, 422),
        ("/api/test/submit", {"session_id": "x", "question_id": 5}, 422),
    ],
)
def test_first_requests_at_the_same_time_are_all_served(
    path: str, body: dict[str, Any], status: int, settings: Settings
) -> None:
    """Models are built on the first request, here by several threads at once."""
    count = 16
    assert run_in_new_process(CALL_IN_THREADS, [path, body, count], settings) == [status] * count
