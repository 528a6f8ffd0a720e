"""Simultaneous calls: each waits for the locks of an earlier one, then reads its changes."""

import threading
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps
from lib.learning.accounts.passwords import hash_password
from lib.learning.accounts.tokens import digest_of
from lib.learning.changes.synced import SCHEMA_VERSION
from lib.learning.database import postgres_session
from lib.learning.mastery_model.default import default_calibration
from tests.learning.other_calls import OtherCall
from tests.learning.rows import rows
from tests.learning.school import School

PASSWORD = "correct horse battery"
STUDENT = {
    "username": "ann",
    "password": PASSWORD,
    "role": "student",
    "grade": 10,
    "target_exam": "Finals",
}


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def register(client: TestClient, headers: dict[str, str], **changes: Any) -> dict[str, Any]:
    response = client.post("/api/auth/register", json=STUDENT | changes, headers=headers)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


@pytest.fixture
def ann(client: TestClient, operator: dict[str, str]) -> dict[str, Any]:
    return register(client, operator)


def code_of(response: Any) -> tuple[int, str | None]:
    return response.status_code, response.json().get("code")


def test_name_that_another_registration_takes_meanwhile_is_refused(
    client: TestClient, other: OtherCall
) -> None:
    other.execute(
        "INSERT INTO learning.users (id, username, role)"
        " VALUES (gen_random_uuid(), 'ann', 'student')"
    )
    refused = other.finish_during(lambda: client.post("/api/auth/register", json=STUDENT))
    assert code_of(refused) == (409, "username_taken")


def store_old_hash(url: str) -> str:
    """Store a hash of the form that the next log-in replaces; return a hash of the new form."""
    import bcrypt

    with psycopg.connect(url) as connection:
        old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        connection.execute("UPDATE learning.users SET password_hash = %s", (old,))
    return hash_password("a new password")


@pytest.mark.usefixtures("ann")
def test_log_in_with_a_password_that_is_replaced_meanwhile_is_refused(
    client: TestClient, other: OtherCall, postgres_url: str
) -> None:
    new = store_old_hash(postgres_url)
    other.execute("UPDATE learning.users SET password_hash = %s", (new,))
    body = {"username": "ann", "password": PASSWORD}
    refused = other.finish_during(lambda: client.post("/api/auth/login", json=body))
    assert code_of(refused) == (401, "log_in_refused")
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT password_hash FROM learning.users").fetchone() == (new,)


def test_password_that_is_replaced_meanwhile_is_not_changed_with_the_old_one(
    client: TestClient, other: OtherCall, ann: dict[str, Any]
) -> None:
    other.execute("UPDATE learning.users SET password_hash = %s", (hash_password("a new one"),))
    body = {"current_password": PASSWORD, "new_password": "mine from now on"}
    refused = other.finish_during(
        lambda: client.post("/api/auth/change-password", json=body, headers=bearer(ann))
    )
    assert code_of(refused) == (403, "password_wrong")


END_TOKENS = "UPDATE learning.refresh_tokens SET used_at = now() WHERE used_at IS NULL"


def test_refreshed_token_does_not_outlive_a_change_of_the_password(
    client: TestClient, other: OtherCall, ann: dict[str, Any], postgres_url: str
) -> None:
    other.execute("UPDATE learning.users SET tokens_valid_from = now()")
    body = {"refresh_token": ann["refresh_token"]}
    refused = other.finish_during(
        lambda: client.post("/api/auth/refresh", json=body), then=(END_TOKENS,)
    )
    assert code_of(refused) == (401, "refresh_refused")
    with psycopg.connect(postgres_url) as connection:
        usable = "SELECT count(*) FROM learning.refresh_tokens WHERE used_at IS NULL"
        assert connection.execute(usable).fetchone() == (0,)


@pytest.mark.parametrize("path", ["change-password", "reset-password"])
def test_new_password_ends_a_log_in_that_took_the_lock_first(
    client: TestClient,
    other: OtherCall,
    ann: dict[str, Any],
    operator: dict[str, str],
    postgres_url: str,
    path: str,
) -> None:
    """The other call is a log-in with the old password, on a machine whose clock is ahead."""
    invitation = client.post("/api/admin-invite", json={"username": "ann"}, headers=operator)
    other.execute("SELECT id FROM learning.users FOR NO KEY UPDATE")
    other.execute(
        "INSERT INTO learning.refresh_tokens"
        " (id, user_id, token_sha256, family_id, expires_at, created_at)"
        " SELECT gen_random_uuid(), user_id, 'new', gen_random_uuid(), expires_at,"
        " now() + interval '1 minute' FROM learning.refresh_tokens"
    )
    body = {"username": "ann", "code": invitation.json()["code"], "new_password": "a new one"}
    if path == "change-password":
        body = {"current_password": PASSWORD, "new_password": "a new one"}
    response = other.finish_during(
        lambda: client.post(f"/api/auth/{path}", json=body, headers=bearer(ann))
    )
    assert response.status_code == 200, response.text
    with psycopg.connect(postgres_url) as connection:
        tokens_of_log_in = (
            "SELECT r.used_at IS NULL, r.created_at >= u.tokens_valid_from"
            " FROM learning.refresh_tokens AS r JOIN learning.users AS u ON u.id = r.user_id"
            " WHERE r.token_sha256 = 'new'"
        )
        assert connection.execute(tokens_of_log_in).fetchone() == (False, False)


def test_refreshed_token_does_not_outlive_a_log_out(
    client: TestClient, other: OtherCall, ann: dict[str, Any], postgres_url: str
) -> None:
    """The other call is a refresh that has stored its new token when the user logs out."""
    digest = digest_of(ann["refresh_token"])
    other.execute("SELECT id FROM learning.users FOR NO KEY UPDATE")
    other.execute("UPDATE learning.refresh_tokens SET used_at = now() WHERE token_sha256 = %s",
                  (digest,))  # fmt: skip
    other.execute(
        "INSERT INTO learning.refresh_tokens (id, user_id, token_sha256, family_id, expires_at)"
        " SELECT gen_random_uuid(), user_id, 'new', family_id, expires_at"
        " FROM learning.refresh_tokens WHERE token_sha256 = %s",
        (digest,),
    )
    body = {"refresh_token": ann["refresh_token"]}
    response = other.finish_during(
        lambda: client.post("/api/auth/logout", json=body, headers=bearer(ann))
    )
    assert response.status_code == 200
    with psycopg.connect(postgres_url) as connection:
        usable = "SELECT count(*) FROM learning.refresh_tokens WHERE used_at IS NULL"
        assert connection.execute(usable).fetchone() == (0,)


def test_refresh_token_works_for_one_of_two_simultaneous_calls(
    client: TestClient, other: OtherCall, ann: dict[str, Any]
) -> None:
    other.execute("SELECT id FROM learning.users FOR NO KEY UPDATE")
    other.execute(END_TOKENS)
    body = {"refresh_token": ann["refresh_token"]}
    refused = other.finish_during(lambda: client.post("/api/auth/refresh", json=body))
    assert code_of(refused) == (401, "refresh_refused")


@pytest.fixture
def teacher(client: TestClient, operator: dict[str, str]) -> dict[str, str]:
    return bearer(register(client, operator, username="ms-okafor", role="teacher"))


@pytest.fixture
def school_class(client: TestClient, teacher: dict[str, str]) -> dict[str, Any]:
    created = client.post(
        "/api/learning/classes", json={"name": "10a", "grade": 10}, headers=teacher
    )
    body: dict[str, Any] = created.json()["class"]
    return body


def join(client: TestClient, student: dict[str, Any], code: str) -> Any:
    return client.post("/api/learning/classes/join", json={"code": code}, headers=bearer(student))


def test_class_that_is_closed_meanwhile_is_not_joined(
    client: TestClient, other: OtherCall, ann: dict[str, Any], school_class: dict[str, Any]
) -> None:
    other.execute("UPDATE learning.classes SET join_code = NULL")
    refused = other.finish_during(lambda: join(client, ann, school_class["join_code"]))
    assert code_of(refused) == (404, "join_code_unknown")


def test_class_that_is_removed_meanwhile_is_not_joined(
    client: TestClient, other: OtherCall, ann: dict[str, Any], school_class: dict[str, Any]
) -> None:
    other.execute("DELETE FROM learning.classes")
    refused = other.finish_during(lambda: join(client, ann, school_class["join_code"]))
    assert code_of(refused) == (404, "join_code_unknown")


def test_student_who_changes_class_meanwhile_is_not_moved(
    client: TestClient,
    other: OtherCall,
    ann: dict[str, Any],
    teacher: dict[str, str],
    school_class: dict[str, Any],
    postgres_url: str,
) -> None:
    assert join(client, ann, school_class["join_code"]).status_code == 200
    elsewhere = uuid4()
    other.execute(
        "INSERT INTO learning.classes (id, name, grade) VALUES (%s, '10b', 10)", (elsewhere,)
    )
    student = client.get("/api/auth/me", headers=bearer(ann)).json()["student_profile"]["id"]
    other.execute("UPDATE learning.student_profiles SET class_id = %s", (elsewhere,))
    path = f"/api/learning/classes/{school_class['id']}/move"
    body = {"student_ids": [student]}
    refused = other.finish_during(lambda: client.post(path, json=body, headers=teacher))
    assert code_of(refused) == (403, "student_closed")
    with psycopg.connect(postgres_url) as connection:
        class_id = connection.execute("SELECT class_id FROM learning.student_profiles").fetchone()
        assert class_id == (elsewhere,)


@pytest.fixture
def questions(deps: Deps) -> dict[str, UUID]:
    """The ids of two questions, by the names of their topics."""
    with postgres_session(deps) as db:
        school = School(db, deps.settings)
        school.syllabus("topic  weight  hours\nAlgebra  50  4\nGeometry  50  4\n")
        return {name: school.question(f"{name} 1") for name in ("Algebra", "Geometry")}


@pytest.mark.usefixtures("questions")
def test_student_has_one_current_plan_per_period(
    client: TestClient, other: OtherCall, ann: dict[str, Any], postgres_url: str
) -> None:
    other.execute("SELECT id FROM learning.student_profiles FOR UPDATE")
    other.execute(
        "INSERT INTO learning.study_plans (id, student_id, plan_type, start_date, end_date, topics)"
        " SELECT gen_random_uuid(), id, 'daily', now(), now(), '{}' FROM learning.student_profiles"
    )
    body = {"plan_type": "daily"}
    response = other.finish_during(
        lambda: client.post("/api/learning/plan", json=body, headers=bearer(ann))
    )
    assert response.status_code == 200
    with psycopg.connect(postgres_url) as connection:
        current = connection.execute("SELECT id FROM learning.study_plans WHERE is_active")
        assert [str(row[0]) for row in current] == [response.json()["plan_id"]]


def test_id_that_another_answer_takes_meanwhile_is_refused(
    client: TestClient, other: OtherCall, ann: dict[str, Any], questions: dict[str, UUID]
) -> None:
    attempt_id = uuid4()
    other.execute(
        "INSERT INTO learning.question_attempts"
        " (id, student_id, question_id, answer, is_correct, time_taken_seconds, timestamp)"
        " SELECT %s, id, %s, 'true', true, 5, now() FROM learning.student_profiles",
        (attempt_id, questions["Geometry"]),
    )
    body = {
        "id": str(attempt_id),
        "question_id": str(questions["Algebra"]),
        "answer": "true",
        "time_taken_seconds": 5,
        "confidence": 3,
    }
    refused = other.finish_during(
        lambda: client.post("/api/learning/attempts", json=body, headers=bearer(ann))
    )
    assert code_of(refused) == (409, "attempt_id_taken")


def test_queue_that_is_sent_three_times_at_once_is_applied_once(
    client: TestClient, ann: dict[str, Any], questions: dict[str, UUID], postgres_url: str
) -> None:
    student = client.get("/api/auth/me", headers=bearer(ann)).json()["student_profile"]["id"]
    operations = [
        {
            "operation_type": "create",
            "table_name": table,
            "record_id": number,
            "timestamp": f"2026-01-01T10:00:{number:02d}",
            "data": {
                "question_id": str(questions["Algebra"]),
                "answer": "true",
                "time_taken_seconds": 5,
                "confidence": 3,
            },
        }
        for number in range(10)
        for table in ("question_attempts", "concept_mastery", "users")
    ]
    body = {"student_id": student, "operations": operations}
    barrier = threading.Barrier(3)
    responses: list[Any] = []

    def upload() -> None:
        barrier.wait()
        responses.append(client.post("/api/sync/upload", json=body, headers=bearer(ann)))

    threads = [threading.Thread(target=upload) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = [(it.status_code, it.json()["synced_count"], it.json()["failed_count"])
              for it in responses]  # fmt: skip
    assert counts == [(200, 20, 10)] * 3
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM learning.question_attempts").fetchone() == (
            10,
        )
        tries = connection.execute(
            "SELECT table_name, count(*), min(retry_count), max(retry_count)"
            " FROM learning.sync_operations GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert [row[:2] for row in tries] == [
        (table, 10) for table in ("concept_mastery", "question_attempts", "users")
    ]
    assert tries[2][2:] == (2, 2)  # those on `users` were refused, so the later calls tried again


COUNT_BY_ANOTHER_CALL = (
    "INSERT INTO learning.student_skills (id, student_id, calibration)"
    " SELECT gen_random_uuid(), id, %s FROM learning.student_profiles"
    " ON CONFLICT (student_id) DO UPDATE SET calibration = excluded.calibration"
)
"""Statement of a call that counts all answers it can see, and marks them as counted."""


@pytest.mark.parametrize("first_sync", [True, False])
def test_answer_that_is_stored_during_a_count_is_counted_afterwards(
    client: TestClient,
    other: OtherCall,
    ann: dict[str, Any],
    questions: dict[str, UUID],
    postgres_url: str,
    first_sync: bool,
) -> None:
    if not first_sync:  # the row exists, and its figures are stale
        with psycopg.connect(postgres_url) as connection:
            connection.execute(COUNT_BY_ANOTHER_CALL, (None,))
    other.execute(COUNT_BY_ANOTHER_CALL, (default_calibration().version,))
    columns = {
        "question_id": str(questions["Algebra"]),
        "answer": "true",
        "time_taken_seconds": 5,
        "timestamp": "2026-01-01T10:00:00Z",
    }
    operation = {
        "id": str(uuid4()),
        "table_name": "question_attempts",
        "row_id": str(uuid4()),
        "kind": "create",
        "columns": columns,
        "clock": "2026-01-01T10:00:00.000000Z-0000-0123abcd",
    }
    device = {"id": str(uuid4()), "schema_version": SCHEMA_VERSION, "syncs": 0}
    body = {"device": device, "operations": [operation]}
    response = other.finish_during(
        lambda: client.post("/api/learning/sync", json=body, headers=bearer(ann))
    )
    assert [it["status"] for it in response.json()["outcomes"]] == ["applied"], response.text
    with psycopg.connect(postgres_url) as connection:
        counted = connection.execute("SELECT total_attempts FROM learning.concept_mastery")
        assert counted.fetchall() == [(1,)]


@pytest.mark.usefixtures("questions")
def test_changes_of_the_syllabus_wait_for_each_other(
    client: TestClient, other: OtherCall, teacher: dict[str, str]
) -> None:
    """Otherwise each of two calls could store half of a cycle."""
    ids = {
        row["name"]: row["id"]
        for row in client.get("/api/learning/topics", headers=teacher).json()["topics"]
    }
    other.execute("SELECT pg_advisory_xact_lock(hashtextextended('stepwise.syllabus', 0))")
    other.execute(
        "INSERT INTO learning.topic_prerequisites (id, topic_id, prerequisite_topic_id)"
        " VALUES (gen_random_uuid(), %s, %s)",
        (ids["Algebra"], ids["Geometry"]),
    )
    body = {"prerequisites": [{"topic_id": ids["Algebra"]}]}
    refused = other.finish_during(
        lambda: client.put(f"/api/learning/topics/{ids['Geometry']}", json=body, headers=teacher)
    )
    assert code_of(refused) == (400, "topic_refused")
    assert "cycle" in refused.json()["error"]


@pytest.mark.usefixtures("questions")
def test_new_topics_and_imports_wait_for_each_other(
    client: TestClient, other: OtherCall, teacher: dict[str, str]
) -> None:
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('stepwise.syllabus', 0))"
    new = "INSERT INTO learning.topics (id, name, exam_weightage, estimated_hours) VALUES "
    other.execute(lock)
    other.execute(new + "(gen_random_uuid(), 'Logic', 100, 4)")
    body: dict[str, Any] = {"name": "Sets", "exam_weightage": 100, "estimated_hours": 4}
    created = other.finish_during(
        lambda: client.post("/api/learning/topics", json=body, headers=teacher)
    )
    assert created.status_code == 200
    other.execute(lock)
    other.execute(new + "(gen_random_uuid(), 'Graphs', 0, 4)")
    body = {"topics": [{"topic": "Graphs", "exam_weightage": 100, "estimated_hours": 5}]}
    imported = other.finish_during(
        lambda: client.post("/api/learning/content", json=body, headers=teacher)
    )
    assert imported.json()["topics"] == {"created": 0, "changed": 1}
    # Shares of 400: 50, 50, and three times 100, as they were given
    expected = rows("name  share\nAlgebra  12.5\nGeometry  12.5\nGraphs  25\nLogic  25\nSets  25\n")
    topic_rows = client.get("/api/learning/topics", headers=teacher).json()["topics"]
    shares = sorted((row["name"], round(row["exam_weightage"], 2)) for row in topic_rows)
    assert shares == [(row["name"], float(row["share"])) for row in expected]
