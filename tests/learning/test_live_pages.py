"""The live system's pages on an adopted database: users log in, and calls get the same responses.

Each line of `live-page-calls.jsonl` holds a call and the expected body of its response. There,
`text`, `number`, `time`, `object` and `list` stand for any value of that kind; numbers with a
decimal point may differ by less than 0.01, and everything else is literal.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from fastapi.testclient import TestClient

from lib.settings import Settings
from lib.web.functions import function_app
from tests.conftest import installed_deps
from tests.support.adopted_learning import live_database, upgrade
from tests.support.databases import Databases
from tests.support.declared_errors import with_declared_errors
from tests.support.live_learning import Row, insert

CALLS = [
    json.loads(line)
    for line in Path(__file__).with_name("live-page-calls.jsonl").read_text().splitlines()
]
PASSWORD = "live password"
SALT = bytes(range(32))
DIGEST = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, 100_000)
HASHES = {
    "tea": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
    "ann": base64.b64encode(SALT + DIGEST).decode(),
    "bob": base64.b64encode(SALT + DIGEST).decode(),
}
DAY = "2025-01-10 00:00:00"
ROWS: dict[str, list[Row]] = {
    "users": [
        {"id": number, "username": name, "password_hash": HASHES[name], "role": role,
         "created_at": DAY}
        for number, name, role in ((1, "tea", "teacher"), (2, "ann", "student"),
                                   (3, "bob", "student"))
    ],
    "classes": [{"id": 1, "name": "11b", "teacher_id": 1, "grade": 11}],
    "student_profiles": [
        {"id": 1, "user_id": 2, "grade": 11, "target_exam": "JEE", "class_id": 1,
         "exam_date": "2099-06-01 00:00:00", "available_hours_per_day": 4.0},
        {"id": 2, "user_id": 3, "grade": 11, "target_exam": "JEE"},
    ],
    "topics": [
        {"id": 1, "name": "Algebra", "exam_weightage": 86.4, "estimated_hours": 4.0,
         "description": "Letters for numbers", "created_at": DAY},
        {"id": 2, "name": "Calculus", "exam_weightage": 57.6, "estimated_hours": 5.0,
         "created_at": DAY},
    ],
    "topic_prerequisites": [
        {"id": 1, "topic_id": 2, "prerequisite_topic_id": 1, "minimum_mastery": 60.0}
    ],
    "concepts": [
        {"id": 1, "topic_id": 1, "name": "Linear equations"},
        {"id": 2, "topic_id": 2, "name": "Derivatives"},
    ],
    "questions": [
        {"id": 1, "concept_id": 1, "question_text": "2x = 4?", "question_type": "mcq",
         "options": json.dumps(json.dumps(["x = 2", "x = 4"])), "correct_answer": "x = 2",
         "difficulty": "easy", "expected_time_seconds": 60},
    ],
    "question_attempts": [
        {"id": 1, "student_id": 1, "question_id": 1, "answer": "x = 2", "is_correct": True,
         "time_taken_seconds": 45.5, "confidence": 4, "timestamp": "2025-01-10 08:00:00",
         "synced": True},
    ],
    "concept_mastery": [
        {"id": 1, "student_id": 1, "concept_id": 1, "total_attempts": 1, "correct_attempts": 1,
         "avg_time_seconds": 45.5, "avg_confidence": 4.0, "mastery_score": -3.2,
         "last_updated": "2025-01-10 08:00:00"},
    ],
    "study_plans": [
        {"id": 1, "student_id": 1, "plan_type": "daily", "start_date": DAY, "end_date": DAY,
         "topics": json.dumps([{"topic_id": 1, "topic_name": "Algebra", "allocated_hours": 2.0,
                                "priority_score": 70.5, "goals": ["Practise"]}]),
         "created_at": "2025-01-09 20:00:00", "is_active": True},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def live_url(databases: Databases) -> Iterator[str]:
    """A live database that has been upgraded."""
    with live_database(databases, loose=False) as connection:
        for table, rows in ROWS.items():
            insert(connection, table, rows)
        upgrade(connection)
        yield connection.info.dsn


@pytest.fixture(scope="module")
def tokens() -> dict[str, str]:
    """The tokens of users who have logged in."""
    return {}


@pytest.fixture
def live_client(live_url: str, settings: Settings) -> Iterator[TestClient]:
    with installed_deps(replace(settings, postgres_url=live_url, migration_url=live_url)):
        yield with_declared_errors(TestClient(function_app("index")))


def log_in(client: TestClient, name: str) -> str:
    """Log in as the live page does."""
    response = client.post("/api/auth/login", data={"username": name, "password": PASSWORD})
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["user"]["id"] == {"tea": 1, "ann": 2, "bob": 3}[name]
    token: str = body["access_token"]
    return token


@pytest.mark.parametrize("recorded_call", CALLS, ids=lambda it: f"{it['as']} {it['call']}")
def test_call_of_a_live_page_gets_the_recorded_response(
    live_client: TestClient, tokens: dict[str, str], recorded_call: dict[str, Any]
) -> None:
    name = recorded_call["as"]
    if name not in tokens:
        tokens[name] = log_in(live_client, name) if name in HASHES else "none"
    method, path = recorded_call["call"].split(" ")
    response = live_client.request(
        method,
        path,
        json=recorded_call.get("body"),
        headers={"Authorization": f"Bearer {tokens[name]}"},
    )
    assert response.status_code == recorded_call.get("status", 200), response.text
    assert differences(recorded_call["response"], response.json(), "response") == []


def test_profile_without_hours_has_the_default(live_client: TestClient) -> None:
    token = log_in(live_client, "bob")
    response = live_client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert response.json()["student_profile"]["available_hours_per_day"] == 3


KINDS: dict[str, Any] = {"text": str, "number": int | float, "object": dict, "list": list}


def differences(expected: Any, actual: Any, place: str) -> list[str]:
    """List the differences between a response and the recorded one."""
    if isinstance(expected, str) and expected in KINDS:
        return [] if isinstance(actual, KINDS[expected]) else [f"{place} is {actual!r}"]
    if expected == "time":
        return [] if datetime.fromisoformat(actual).tzinfo else [f"{place} is {actual!r}"]
    if isinstance(expected, dict) and isinstance(actual, dict):
        names = [f"{place}.{name}" for name in expected.keys() ^ actual.keys()]
        return names + [
            difference
            for name in expected.keys() & actual.keys()
            for difference in differences(expected[name], actual[name], f"{place}.{name}")
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [
            difference
            for number, (first, second) in enumerate(zip(expected, actual, strict=True))
            for difference in differences(first, second, f"{place}[{number}]")
        ]
    if isinstance(expected, float) and isinstance(actual, int | float):
        return [] if abs(expected - actual) < 0.01 else [f"{place} is {actual!r}"]
    same = expected == actual and type(expected) is type(actual)
    return [] if same else [f"{place} is {actual!r}, not {expected!r}"]
