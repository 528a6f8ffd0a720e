"""track-student-progress: progress for the older pages."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from tests.support.legacy_data import legacy_tables
from tests.workshop.conftest import TOKEN

PATH = "/api/track-student-progress"
Rows = Callable[..., list[tuple[Any, ...]]]
Track = Callable[..., Any]


@pytest.fixture
def track(client: TestClient) -> Track:
    def send(key: str | None = None, **fields: Any) -> Any:
        body = {"sessionToken": TOKEN, "studentEmail": "ann@example.com", **fields}
        headers = {} if key is None else {"Idempotency-Key": key}
        return client.post(PATH, json=body, headers=headers)

    return send


def test_report_returns_the_format_of_the_older_pages(track: Track) -> None:
    response = track(
        exerciseId="step-3", completed=True, timeSpent=120, attempts=2, totalExercises=9,
        repoCreated=True, demoMode=True, studentName="Ann",
    )  # fmt: skip
    body = response.json()
    assert (body["success"], body["message"]) == (True, "Progress tracked successfully")
    progress = body["progress"]
    assert progress.keys() == {
        "studentId", "studentName", "exercises", "startedAt", "lastActivity", "totalTimeSpent",
        "completionRate", "repoCreated", "demoMode",
    }  # fmt: skip
    assert (progress["studentId"], progress["studentName"]) == ("ann@example.com", "Ann")
    entry = progress["exercises"]["step-3"]
    assert (entry["completed"], entry["timeSpent"], entry["attempts"]) == (True, 120, 2)
    assert entry["timestamp"]
    assert (progress["totalTimeSpent"], progress["completionRate"]) == (120, 11)
    assert (progress["repoCreated"], progress["demoMode"]) == (True, True)


@pytest.mark.parametrize(
    "name", ["step-3", "step3", "Step-3", "exercise-3", "STEP_03", "provision services"]
)
def test_exercise_that_is_a_step_is_recorded_as_that_step(
    track: Track, rows: Rows, name: str
) -> None:
    track(exerciseId=name, completed=True, timeSpent=10)
    progress = track(exerciseId=name, timeSpent=5).json()["progress"]
    assert rows("SELECT step_number, time_spent, attempts, validation_passed FROM step_progress") \
        == [(3, 15, 2, True)]  # fmt: skip
    entry = progress["exercises"][name]
    assert (entry["completed"], entry["timeSpent"], entry["attempts"]) == (True, 15, 2)
    assert len(progress["exercises"]) == 1


@pytest.mark.parametrize("name", ["quiz", "step-10", "bonus-3", "a step-3", "Services"])
def test_other_exercises_are_kept_under_their_names(track: Track, rows: Rows, name: str) -> None:
    track(exerciseId=name, completed=True, timeSpent=10)
    progress = track(exerciseId=name, timeSpent=5).json()["progress"]
    assert rows("SELECT 1 FROM step_progress") == []
    entry = progress["exercises"][name]
    assert (entry["completed"], entry["timeSpent"], entry["attempts"]) == (True, 15, 2)
    assert progress["completionRate"] == 0


def test_steps_from_other_endpoints_are_included(
    track: Track, post: Callable[..., Any], rows: Rows
) -> None:
    post(stepNumber=1, completed=True, timeSpent=7)
    rows("UPDATE sessions SET services_ready = TRUE RETURNING 1")
    exercises = track(exerciseId="step-2").json()["progress"]["exercises"]
    assert {name: entry["completed"] for name, entry in exercises.items()} == {
        "step-1": True, "step-2": False, "step-3": True,
    }  # fmt: skip
    assert exercises["step-1"]["timeSpent"] == 7


def test_report_adds_to_stored_exercises(track: Track, rows: Rows) -> None:
    track(exerciseId="quiz")
    rows("""UPDATE sessions SET exercises = '{"quiz": true, "other": {"timeSpent": "x", "note": 1},
            "step-9": {"completed": false, "timeSpent": "12"}}' RETURNING 1""")
    track(exerciseId="other", timeSpent=5)
    exercises = track(exerciseId="quiz", timeSpent=5).json()["progress"]["exercises"]
    assert exercises["quiz"]["completed"] is True
    assert (exercises["other"]["timeSpent"], exercises["other"]["note"]) == (5, 1)
    assert exercises["step-9"]["timeSpent"] == "12"


def test_repeated_report_with_a_key_changes_nothing(track: Track, rows: Rows) -> None:
    first = track(key="k", exerciseId="step-3", timeSpent=10)
    before = rows("SELECT * FROM sessions")
    again = track(key="k", exerciseId="step-3", timeSpent=10)
    assert (again.status_code, again.json()) == (200, first.json())
    assert rows("SELECT * FROM sessions") == before
    assert track(key="k", exerciseId="step-3", timeSpent=11).status_code == 422


def test_report_returns_nothing_of_the_students_other_sessions(track: Track) -> None:
    track(exerciseId="quiz", timeSpent=100)
    mine = track(sessionToken="ws_2_other_token", exerciseId="step-1", timeSpent=1).json()
    assert mine["progress"]["exercises"].keys() == {"step-1"}
    assert mine["progress"]["totalTimeSpent"] == 1


def test_operator_sees_the_progress_of_a_student_over_all_sessions(
    track: Track, client: TestClient, operator: dict[str, str]
) -> None:
    track(exerciseId="step-1", completed=True, timeSpent=100)
    track(sessionToken="ws_2_other_token", exerciseId="step-1", timeSpent=20)
    track(sessionToken="ws_2_other_token", exerciseId="quiz", completed=True)
    progress = client.get(PATH, params={"studentId": " Ann@example.com"}, headers=operator).json()[
        "progress"
    ]
    step = progress["exercises"]["step-1"]
    assert (step["completed"], step["timeSpent"], step["attempts"]) == (True, 120, 2)
    assert progress["exercises"]["quiz"]["completed"] is True
    assert (progress["totalTimeSpent"], progress["completionRate"]) == (120, 11)


def test_stranger_sees_steps_and_percentages_only(
    track: Track, client: TestClient, rows: Rows
) -> None:
    track(exerciseId="step-1", completed=True, timeSpent=100, studentName="Ann")
    track(exerciseId="private exercise", completed=True)
    ((student,),) = rows("SELECT student_id FROM students")
    for name in ("ann@example.com", str(student)):
        assert client.get(PATH, params={"studentId": name}).json()["progress"] == {
            "studentId": name, "studentName": None, "exercises": {"step-1": {"completed": True}},
            "startedAt": None, "lastActivity": None, "totalTimeSpent": 0, "completionRate": 11,
            "repoCreated": False, "demoMode": False,
        }  # fmt: skip


def test_response_for_an_unknown_student_has_the_same_fields(
    track: Track, client: TestClient
) -> None:
    track(exerciseId="step-1")
    existing = client.get(PATH, params={"studentId": "ann@example.com"})
    unknown = client.get(PATH, params={"studentId": "nobody@example.com"})
    assert unknown.status_code == existing.status_code == 200
    assert unknown.json()["progress"].keys() == existing.json()["progress"].keys()


def test_all_students_are_listed_only_with_a_password(
    track: Track, client: TestClient, operator: dict[str, str]
) -> None:
    track(exerciseId="step-1")
    track(sessionToken="ws_2_other_token", studentEmail="bob@example.com", exerciseId="step-1")
    all_students = {"getAllStudents": "true"}
    assert client.get(PATH, params=all_students).status_code == 401
    body = client.get(PATH, params=all_students, headers=operator).json()
    assert (body["success"], body["count"]) == (True, 2)
    assert [s["studentId"] for s in body["students"]] == ["bob@example.com", "ann@example.com"]


def test_made_up_ids_identify_students_unless_they_are_reserved(
    track: Track, client: TestClient, operator: dict[str, str]
) -> None:
    track(studentEmail=None, studentId="student_123", exerciseId="step-1")
    response = client.get(PATH, params={"studentId": "student_123"}, headers=operator).json()
    assert response["progress"]["exercises"].keys() == {"step-1"}
    refused = track(studentEmail=None, studentId="Anonymous_0123456789abcdef", exerciseId="step-1")
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (422, "studentId")


def test_session_holds_a_bounded_number_of_exercises(track: Track, rows: Rows) -> None:
    track(exerciseId="first")
    rows("UPDATE sessions SET exercises = (SELECT jsonb_object_agg('e' || n, true)"
         " FROM generate_series(1, 200) n) RETURNING 1")  # fmt: skip
    assert track(exerciseId="e7").status_code == 200
    refused = track(exerciseId="one more")
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_exercises")


@pytest.mark.parametrize(
    ("field", "value"),
    [("exerciseId", ""), ("exerciseId", "x" * 101), ("exerciseId", None), ("timeSpent", -1),
     ("studentEmail", "nobody"), ("sessionToken", "short")],
)  # fmt: skip
def test_bad_field_is_named(track: Track, field: str, value: Any) -> None:
    response = track(**{"exerciseId": "step-1", field: value})
    assert (response.status_code, response.json()["details"][0]["field"]) == (422, field)


def test_look_up_without_parameters_is_refused(client: TestClient) -> None:
    assert client.get(PATH).status_code == 400
    assert client.get(PATH, params={"getAllStudents": "false"}).status_code == 400


LEGACY_ROWS = """
INSERT INTO workshop_students (session_token, student_email, student_name, exercises, last_activity,
  total_time_spent, completion_rate, openai_api_key) VALUES
('t1', 'Ann@Example.com', 'Ann', '{"step-1": {"completed": true}, "quiz": true}', '2024-01-02',
  50, 11.11, 'sk-canary-in-the-clear'),
('t2', NULL, NULL, '"{\\"step1\\": true}"', '2024-01-01', NULL, NULL, NULL),
(NULL, 'bob@example.com', 'Bob', '"no json"', NULL, 1, 0, NULL);
ALTER TABLE workshop_students DROP COLUMN repo_created, DROP COLUMN demo_mode
"""


@pytest.fixture
def legacy(settings: Settings, empty_postgres_url: str) -> Iterator[TestClient]:
    """Return a client of the application, whose database has only the legacy tables."""
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute(legacy_tables().encode())
        connection.execute(LEGACY_ROWS.encode())
    deps = Deps(replace(settings, postgres_url=empty_postgres_url))
    install_deps(deps)
    yield TestClient(function_app("index"), raise_server_exceptions=False)
    install_deps(None)
    deps.close()


def test_legacy_table_is_read_without_a_unified_schema(
    legacy: TestClient, operator: dict[str, str]
) -> None:
    response = legacy.get(PATH, params={"getAllStudents": "true"}, headers=operator)
    assert "canary" not in response.text
    body = response.json()
    assert body["count"] == 3
    ann, anonymous, bob = body["students"]
    assert (ann["studentId"], ann["studentName"]) == ("Ann@Example.com", "Ann")
    assert ann["exercises"] == {"step-1": {"completed": True}, "quiz": True}
    assert ann["lastActivity"] == "2024-01-02T00:00:00Z"
    assert (ann["totalTimeSpent"], ann["completionRate"], ann["demoMode"]) == (50, 11.11, False)
    assert anonymous["exercises"] == {"step1": True}
    assert (bob["studentId"], bob["exercises"]) == ("bob@example.com", {})


def test_unreadable_exercises_are_empty(
    legacy: TestClient, empty_postgres_url: str, operator: dict[str, str]
) -> None:
    nested = json.dumps("[" * 100_000)
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("UPDATE public.workshop_students SET exercises = %s", [nested])
    response = legacy.get(PATH, params={"getAllStudents": "true"}, headers=operator)
    assert [student["exercises"] for student in response.json()["students"]] == [{}, {}, {}]


def test_api_keys_in_legacy_exercises_and_names_are_redacted(
    legacy: TestClient, empty_postgres_url: str, operator: dict[str, str]
) -> None:
    key = "sk-canary-0123456789"
    nested = json.dumps({"step-1": {"completed": True, "note": ["was\n" + key]}, key: True})
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute(
            "UPDATE public.workshop_students "
            "SET exercises = to_jsonb(%s::text), student_name = %s, student_email = %s",
            [nested, key, key],
        )
    response = legacy.get(PATH, params={"getAllStudents": "true"}, headers=operator)
    assert response.json()["students"][0]["exercises"].keys() >= {"step-1"}
    assert "canary" not in response.text


def test_stranger_sees_the_share_view_of_the_legacy_table(legacy: TestClient) -> None:
    progress = legacy.get(PATH, params={"studentId": "ann@example.com "}).json()["progress"]
    assert progress["exercises"] == {"step-1": {"completed": True}}
    assert (progress["studentName"], progress["totalTimeSpent"]) == (None, 0)


@pytest.mark.parametrize("name_format", ['"{}"', "{}"])
def test_legacy_columns_in_camel_case_are_read(
    legacy: TestClient, empty_postgres_url: str, operator: dict[str, str], name_format: str
) -> None:
    with psycopg.connect(empty_postgres_url) as connection:
        for column, name in (
            ("student_email", "studentEmail"), ("total_time_spent", "totalTimeSpent"),
            ("last_activity", "lastActivity"),
        ):  # fmt: skip
            connection.execute(
                f"ALTER TABLE workshop_students RENAME {column}"
                f" TO {name_format.format(name)}".encode()
            )
    params = {"studentId": "ann@example.com"}
    student = legacy.get(PATH, params=params, headers=operator).json()["progress"]
    assert (student["studentId"], student["totalTimeSpent"]) == ("Ann@Example.com", 50)
    assert student["lastActivity"] == "2024-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("stored_email", "sent_email"),
    [
        ("Zoë Doe <ZOE\u0308@Example.com>", "zoë@example.com"),
        ("\u200bzoe@example.com\u3000", "mailto:zoe@example.com"),
        ("Made-Up 7", " made-up 7"),
    ],
)
def test_legacy_emails_are_normalized_like_all_others(
    legacy: TestClient,
    empty_postgres_url: str,
    operator: dict[str, str],
    stored_email: str,
    sent_email: str,
) -> None:
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute(
            "UPDATE workshop_students SET student_email = %s WHERE session_token = 't1'",
            [stored_email],
        )
    student = legacy.get(PATH, params={"studentId": sent_email}, headers=operator).json()[
        "progress"
    ]
    assert (student["studentId"], student["studentName"]) == (stored_email, "Ann")


def test_legacy_student_whose_email_only_contains_another_is_not_found(
    legacy: TestClient, operator: dict[str, str]
) -> None:
    params = {"studentId": "nn@example.com"}
    student = legacy.get(PATH, params=params, headers=operator).json()["progress"]
    assert (student["studentName"], student["totalTimeSpent"]) == (None, 0)


def test_reports_need_the_unified_schema(legacy: TestClient) -> None:
    response = legacy.post(PATH, json={"sessionToken": TOKEN, "exerciseId": "step-1"})
    assert (response.status_code, response.json()["code"]) == (503, "schema_missing")
