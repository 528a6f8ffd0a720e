"""A student's and a teacher's way through the study planner, over HTTP."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

SYLLABUS = Path(__file__).resolve().parents[2] / "local" / "demo" / "syllabus"
PASSWORD = "correct horse battery"


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def register(client: TestClient, username: str, headers: Any = None, **fields: Any) -> Any:
    body = {"username": username, "password": PASSWORD, **fields}
    return client.post("/api/auth/register", json=body, headers=headers)


@pytest.fixture
def teacher(client: TestClient, operator: dict[str, str]) -> dict[str, str]:
    response = register(client, "teacher", operator, role="teacher")
    assert response.status_code == 201, response.text
    return bearer(response.json())


@pytest.fixture
def student(client: TestClient) -> dict[str, str]:
    response = register(client, "student", role="student", grade=10, target_exam="Finals")
    assert response.status_code == 201, response.text
    return bearer(response.json())


def test_whole(client: TestClient, teacher: dict[str, str], student: dict[str, str]) -> None:
    for file in ("topics.csv", "concepts.csv", *("questions/" + it.name for it in sorted((SYLLABUS / "questions").glob("*.csv")))):
        response = client.post(
            "/api/learning/content",
            content=(SYLLABUS / file).read_bytes(),
            headers=teacher | {"Content-Type": "text/csv"},
        )
        assert response.status_code == 200, response.text
        print(response.json())
    me = client.get("/api/auth/me", headers=student).json()
    print(me)
    sid = me["student_profile"]["id"]
    form = client.post("/api/auth/login", data={"username": "student", "password": PASSWORD})
    print(form.status_code, form.json())
    for path in (
        "/api/learning/profile", "/api/learning/topics", "/api/topics", f"/api/topics/unlockable/{sid}",
        "/api/learning/questions?limit=2", "/api/learning/attempts", f"/api/attempts/student/{sid}",
        "/api/learning/mastery", f"/api/mastery/student/{sid}", "/api/learning/recommendations",
        f"/api/recommendations/next/{sid}", f"/api/recommendations/top/{sid}?n=3", "/api/learning/plan",
        f"/api/plans/student/{sid}", "/api/learning/progress", "/api/learning/classes", "/api/learning/exam-marks",
        f"/api/sync/download/{sid}", f"/api/sync/status/{sid}",
    ):
        response = client.get(path, headers=student)
        print(path, response.status_code, response.text[:300])
        assert response.status_code == 200
    nxt = client.get(f"/api/recommendations/next/{sid}", headers=student).json()
    tid = nxt["topic_id"]
    print(client.get(f"/api/recommendations/explain/{sid}/{tid}", headers=student).json())
    print(client.get(f"/api/recommendations/concepts/{sid}/{tid}", headers=student).json())
    print(client.get(f"/api/topics/{tid}", headers=student).json())
    print(client.get(f"/api/topics/{tid}/prerequisites", headers=student).json())
    qs = client.get(f"/api/learning/questions?topic_id={tid}", headers=student).json()["questions"]
    for q in qs[:5]:
        r = client.post("/api/learning/attempts", json={"question_id": q["id"], "answer": "1", "time_taken_seconds": 20, "confidence": 3}, headers=student)
        assert r.status_code == 200, r.text
        r = client.post("/api/attempts/", json={"question_id": q["id"], "answer": r.json()["correct_answer"], "time_taken_seconds": 20, "confidence": 3}, headers=student)
        assert r.status_code == 201, r.text
        print(r.json())
    for kind in ("daily", "weekly", "exam"):
        r = client.post(f"/api/plans/{kind}/{sid}", headers=student)
        assert r.status_code == 200, r.text
        print(kind, r.text[:1500])
    r = client.get("/api/learning/progress", headers=student)
    print(r.text[-1500:])
    r = client.post("/api/learning/classes", json={"name": "10a", "grade": 10}, headers=teacher)
    assert r.status_code == 200, r.text
    cls = r.json()["class"]
    r = client.post("/api/learning/classes/join", json={"code": cls["join_code"]}, headers=student)
    assert r.status_code == 200, r.text
    for path in ("", "/weak-topics", "/at-risk", "/predictions"):
        r = client.get(f"/api/analytics/class/{cls['id']}{path}", headers=teacher)
        assert r.status_code == 200, r.text
        print(path, r.text[:400])
    r = client.get(f"/api/learning/class-analytics?class_id={cls['id']}", headers=teacher)
    assert r.status_code == 200, r.text
    r = client.get(f"/api/analytics/student/{sid}/comparison", headers=student)
    assert r.status_code == 200, r.text
    r = client.post("/api/learning/exam-marks", json={"exam": "Mock", "taken_on": "2026-11-01", "marks": [{"student_id": sid, "mark": 55}]}, headers=teacher)
    assert r.status_code == 200, r.text
    r = client.post("/api/sync/upload", json={"student_id": sid, "operations": [
        {"operation_type": "create", "table_name": "question_attempts", "record_id": 1, "data": {"question_id": qs[0]["id"], "answer": "x", "time_taken_seconds": 3, "confidence": 1}, "timestamp": "2026-11-01T10:00:00"},
        {"operation_type": "create", "table_name": "concept_mastery", "record_id": 1, "data": {}, "timestamp": "2026-11-01T10:00:00"},
        {"operation_type": "update", "table_name": "student_profiles", "record_id": 1, "data": {"grade": 11}, "timestamp": "2026-11-01T10:00:00"},
        {"operation_type": "create", "table_name": "users", "record_id": 1, "data": {}, "timestamp": "2026-11-01T10:00:00"},
    ]}, headers=student)
    print(r.status_code, r.text)
