"""The demo of the study planner is loaded once, and gives a teacher a class with results."""

from collections import Counter

import psycopg
from fastapi.testclient import TestClient

from lib.deps import Deps
from local.demo.planner import OTHERS, load_planner
from local.demo.planner_accounts import DILIGENT, TEACHER, demo_password


def test_demo_is_loaded_once_and_whole(deps: Deps, client: TestClient, postgres_url: str) -> None:
    added = load_planner(deps)
    assert (added.questions, added.users) == (642, 26)
    assert load_planner(deps).users == 0
    with psycopg.connect(postgres_url) as connection:
        ((topics, concepts, attempts),) = connection.execute(
            "SELECT (SELECT count(*) FROM learning.topics),"
            " (SELECT count(*) FROM learning.concepts),"
            " (SELECT count(*) FROM learning.question_attempts)"
        ).fetchall()
        counts = connection.execute(
            "SELECT u.username, max(a.timestamp) - min(a.timestamp) > '20 days'"
            " FROM learning.question_attempts AS a"
            " JOIN learning.student_profiles AS p ON p.id = a.student_id"
            " JOIN learning.users AS u ON u.id = p.user_id GROUP BY u.username"
        ).fetchall()
    assert (topics, concepts) == (79, 214)
    assert attempts == added.answers
    assert {name for name, spans_weeks in counts if spans_weeks} == set(DILIGENT)
    assert len(counts) == len(DILIGENT) + len(OTHERS) == 25

    form = {"password": demo_password(deps.settings)}
    student = client.post("/api/auth/login", data=form | {"username": DILIGENT[0]}).json()
    headers = {"Authorization": f"Bearer {student['access_token']}"}
    progress = client.get("/api/learning/progress", headers=headers).json()
    assert sum(day["questions_attempted"] > 0 for day in progress["timeline"]) > 15
    assert progress["rose"]
    assert progress["mistakes"]
    recommendations = client.get("/api/learning/recommendations", headers=headers).json()
    assert recommendations["count"] > 1

    teacher = client.post("/api/auth/login", data=form | {"username": TEACHER}).json()
    headers = {"Authorization": f"Bearer {teacher['access_token']}"}
    (school_class,) = client.get("/api/learning/classes", headers=headers).json()["classes"]
    assert school_class["student_count"] == 25
    path = f"/api/learning/class-analytics?class_id={school_class['id']}"
    analytics = client.get(path, headers=headers).json()
    risks = Counter(student["risk_level"] for student in analytics["at_risk_students"])
    assert risks["high"] > 0
    interval = analytics["confidence_interval"]
    assert interval["lower"] < analytics["avg_mark"] < interval["upper"]


def test_counts_of_demo_mastery_follow_from_its_attempts(deps: Deps, postgres_url: str) -> None:
    load_planner(deps)
    with psycopg.connect(postgres_url) as connection:
        ((differing_rows,),) = connection.execute(
            "SELECT count(*) FROM learning.concept_mastery AS m JOIN ("
            " SELECT a.student_id, q.concept_id, count(*) AS total,"
            " count(*) FILTER (WHERE a.is_correct) AS correct"
            " FROM learning.question_attempts AS a"
            " JOIN learning.questions AS q ON q.id = a.question_id"
            " GROUP BY a.student_id, q.concept_id) AS t USING (student_id, concept_id)"
            " WHERE (m.total_attempts, m.correct_attempts) <> (t.total, t.correct)"
        ).fetchall()
    assert differing_rows == 0
