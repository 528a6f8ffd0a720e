"""The guides' curl lines as printed, and other calls that they describe, on the demo's data."""

import pytest
from fastapi.testclient import TestClient

from local.demo.people import people
from local.demo.students import session_token, student_id
from tests.acceptance.curl import parse, run

NOOR = next(person for person in people() if person.mailbox == "noor.haddad")

UPLOAD = r"""
curl -X POST http://localhost:5300/api/questions/upload \
  -H "Content-Type: application/json" \
  -d '{
    "questions": [
      {
        "id": "q1",
        "content": "What is 2+2?",
        "options": ["3", "4", "5", "6"],
        "correct_answer": "4",
        "concepts": [1, 0, 0, 0, 0],
        "difficulty": 0.3,
        "discrimination": 1.2
      }
    ]
  }'
"""
REDIS_STATS = "curl http://localhost:5300/api/debug/redis/stats"
CLEANUP = r"""
curl -X POST http://localhost:5300/api/sessions/cleanup \
  -H "Content-Type: application/json" \
  -d '{"inactivity_minutes": 30}'
"""
CREATE_SCHEMA = r"""
curl -X POST https://your-app.vercel.app/api/admin-create-unified-schema \
  -H "Content-Type: application/json" \
  -d '{
    "adminPassword": "YOUR_ADMIN_PASSWORD",
    "dropExisting": false
  }'
"""


def test_questions_are_uploaded(loopback_client: TestClient) -> None:
    response = run(loopback_client, UPLOAD)
    assert response.status_code == 200
    assert response.json().keys() == {"message", "count", "question_pool_id"}
    assert response.json()["count"] == 1


def test_uploaded_question_is_asked_and_graded(loopback_client: TestClient) -> None:
    pool = run(loopback_client, UPLOAD).json()["question_pool_id"]
    start_response = loopback_client.post(
        "/api/test/start", json={"student_id": "me", "question_pool_id": pool}
    )
    question = start_response.json()["next_question"]
    assert question["content"] == "What is 2+2?"
    assert "correct_answer" not in start_response.text
    answer = {
        "session_id": start_response.json()["session_id"],
        "question_id": question["id"],
        "response": question["options"].index("4"),
    }
    submit_result = loopback_client.post("/api/test/submit", json=answer).json()
    assert (submit_result["status"], submit_result["accuracy"]) == ("completed", 1.0)


def test_redis_statistics_have_the_printed_keys(loopback_client: TestClient) -> None:
    response = run(loopback_client, REDIS_STATS)
    assert response.status_code == 200
    assert response.json()["redis_stats"].keys() >= {
        "active_sessions",
        "active_locks",
        "cached_questions",
        "memory_used_mb",
        "total_keys",
    }


def test_clean_up_reports_its_threshold_and_a_number_of_sessions(
    loopback_client: TestClient,
) -> None:
    response = run(loopback_client, CLEANUP)
    assert response.status_code == 200
    assert response.json()["inactivity_threshold_minutes"] == 30
    assert isinstance(response.json()["sessions_removed"], int)


def test_health_is_checked(loopback_client: TestClient) -> None:
    response = loopback_client.get("/health")
    assert response.status_code == 200
    assert response.json().keys() >= {"status", "version", "timestamp", "services"}


def test_history_is_accessible(loopback_client: TestClient) -> None:
    response = loopback_client.get("/api/student/demo-student-08/history")
    assert response.status_code == 200
    assert len(response.json()["test_sessions"]) == 4


@pytest.mark.parametrize("path", ["/api/debug/session/{}", "/api/debug/sync/{}"])
def test_calls_that_inspect_and_synchronise_a_session_succeed(
    loopback_client: TestClient, path: str
) -> None:
    pool = run(loopback_client, UPLOAD).json()["question_pool_id"]
    start_response = loopback_client.post(
        "/api/test/start", json={"student_id": "me", "question_pool_id": pool}
    )
    address = path.format(start_response.json()["session_id"])
    method = "GET" if "session/" in path else "POST"
    response = loopback_client.request(method, address)
    assert response.status_code == 200


def test_progress_is_read_by_token_e_mail_and_id(loopback_client: TestClient) -> None:
    by_token = loopback_client.get(
        f"/api/student-progress?sessionToken={session_token(NOOR)}"
    ).json()
    assert by_token["success"] is True
    assert by_token["progress"]["student_email"] == "noor.haddad@example.com"
    assert by_token["progress"]["current_step"] == 5
    assert by_token["progress"]["completion_rate"] == 44
    first_step = by_token["progress"]["step_progress"][0]
    assert first_step.keys() >= {"stepNumber", "stepName", "completed", "timeSpent", "attempts"}
    for query in ("studentEmail=noor.haddad@example.com", f"studentId={student_id(NOOR)}"):
        shared = loopback_client.get(f"/api/student-progress?{query}").json()
        assert shared["success"] is True
        assert [session["completion_rate"] for session in shared["sessions"]] == [44]


def test_progress_is_reported(loopback_client: TestClient) -> None:
    body = {
        "sessionToken": loopback_client.post("/api/generate-session").json()["sessionToken"],
        "studentEmail": "student@example.com",
        "studentName": "John Doe",
        "stepNumber": 3,
        "stepName": "Services",
        "completed": True,
        "timeSpent": 450,
        "codeSubmitted": "...",
        "deploymentUrl": "https://...",
    }
    response = loopback_client.post("/api/student-progress", json=body)
    assert response.status_code == 200
    assert response.json()["message"] == "Progress updated successfully"
    assert response.json()["progress"]["step_progress"][0]["timeSpent"] == 450


def test_call_that_creates_the_schema_succeeds_and_keeps_the_rows(
    loopback_client: TestClient,
) -> None:
    response = run(loopback_client, CREATE_SCHEMA)
    assert response.status_code == 200
    assert response.json()["success"] is True
    assert response.json()["results"]
    assert response.json()["nextSteps"]
    progress = loopback_client.get(f"/api/student-progress?sessionToken={session_token(NOOR)}")
    assert progress.json()["progress"]["current_step"] == 5


@pytest.mark.parametrize("line", [UPLOAD, REDIS_STATS, CLEANUP, CREATE_SCHEMA])
def test_line_for_operators_is_refused_from_another_machine(client: TestClient, line: str) -> None:
    assert run(client, line).status_code == 401


def test_a_line_is_read_as_a_shell_reads_it() -> None:
    request = parse(
        'curl -X POST http://localhost:5300/a?b=c -H "D: e" -d \'{"f": "g"}\' > backup.json'
    )
    assert (request.method, request.path, request.body) == ("POST", "/a?b=c", '{"f": "g"}')
    assert request.headers == {
        "Content-Type": "application/x-www-form-urlencoded",
        "D": "e",
    }
