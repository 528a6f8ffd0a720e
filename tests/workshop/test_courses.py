"""admin-save-course and course: courses as data."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.conftest import ADMIN_PASSWORD
from tests.workshop.conftest import TOKEN, wait_for_blocked_calls
from tests.workshop.documented_course import CAMEL_FLAGS, STEP_NAMES

PATH = "/api/admin-save-course"
COURSE_ID = "knots"
Rows = Callable[..., list[tuple[Any, ...]]]
Save = Callable[..., Any]
Report = Callable[..., Any]


def steps(*names: str, **completed_by: list[str]) -> list[dict[str, Any]]:
    """Return steps with these names: `steps("Bowline", "Hitch", Hitch=["hitchTied"])`."""
    return [{"name": name, "completedBy": completed_by.get(name, [])} for name in names]


@pytest.fixture
def save(client: TestClient) -> Save:
    def send(course_steps: Any, **fields: Any) -> Any:
        body = {"courseId": COURSE_ID, "name": "Knots", "steps": course_steps, **fields}
        return client.post(PATH, json={"adminPassword": ADMIN_PASSWORD, **body})

    return send


@pytest.fixture
def report(client: TestClient) -> Report:
    """Report a step of a session of the course; return the session."""

    def send(number: int, name: str | None = None, token: str = TOKEN, **fields: Any) -> Any:
        body = {"sessionToken": token, "courseId": COURSE_ID, "stepNumber": number, **fields}
        response = client.post("/api/student-progress", json={**body, "stepName": name})
        assert response.status_code == 200, response.text
        return response.json()["progress"]

    return send


def aliases(response: Any) -> list[list[str]]:
    assert response.status_code == 200, response.text
    return [step["aliases"] for step in response.json()["course"]["steps"]]


def test_built_in_course_is_the_default(client: TestClient) -> None:
    for params in ({}, {"courseId": "voice-assistant"}, {"courseId": ""}):
        course = client.get("/api/course", params=params).json()["course"]
        assert (course["courseId"], course["builtIn"]) == ("voice-assistant", True)
        assert [step["name"] for step in course["steps"]] == STEP_NAMES
        assert course["steps"][0] == {
            "number": 1, "name": "Connect Accounts", "aliases": [],
            "completedBy": ["twilioConnected", "openaiConnected"],
        }  # fmt: skip
        assert {flag for step in course["steps"] for flag in step["completedBy"]} <= {*CAMEL_FLAGS}


def test_saved_course_is_read_with_trimmed_names_and_flags_in_camel_case(
    client: TestClient, save: Save, rows: Rows
) -> None:
    course_steps = [
        {"number": 1, "name": " Bowline ", "aliases": ["Rabbit hole"], "completedBy": []},
        {"number": 2, "name": "Übung: Knöpfe", "completedBy": ["hitchTied", "services_ready"]},
    ]
    response = save(course_steps)
    body = response.json()
    assert (body["message"], body["created"], body["dryRun"]) == ("Course saved", True, False)
    assert (
        body["course"] == client.get("/api/course", params={"courseId": COURSE_ID}).json()["course"]
    )
    assert body["course"] == {
        "courseId": COURSE_ID, "name": "Knots", "builtIn": False,
        "steps": [
            {"number": 1, "name": "Bowline", "aliases": ["Rabbit hole"], "completedBy": []},
            {"number": 2, "name": "Übung: Knöpfe", "aliases": [],
             "completedBy": ["hitchTied", "servicesReady"]},
        ],
    }  # fmt: skip
    assert rows("SELECT 1 FROM operator_audit a WHERE a::TEXT LIKE %s", f"%{PATH}%")


@pytest.mark.parametrize(
    ("course_steps", "field"),
    [
        ([], "steps"), (None, "steps"), (steps(*map(str, range(51))), "steps"),
        ([{"name": " "}], "steps[0].name"), ([{"name": "a\nb"}], "steps[0].name"),
        ([{"name": "x" * 201}], "steps[0].name"), ([{"number": 1}], "steps[0].name"),
        ([{"number": 0, "name": "a"}], "steps[0].number"),
        ([{"number": 2, "name": "a"}], "steps[0].number"),
        ([{"number": 1, "name": "a"}, {"number": 3, "name": "b"}], "steps[1].number"),
        ([{"number": 2, "name": "a"}, {"number": 1, "name": "b"}], "steps[0].number"),
        (steps("Bowline", "bow LINE"), "steps[1].name"),
        ([{"name": "a", "aliases": ["A"]}], "steps[0].aliases[0]"),
        ([{"name": "a"}, {"name": "b", "aliases": ["c", "A "]}], "steps[1].aliases[1]"),
        (steps("a", a=["not a flag"]), "steps[0].completedBy[0]"),
        (steps("a", a=["hitchTied", "snake_case"]), "steps[0].completedBy[1]"),
        (steps("a", a=["systemPrompt"]), "steps[0].completedBy[0]"),
        (steps("a", a=["sessionToken"]), "steps[0].completedBy[0]"),
        (steps("a", a=["openai_api_key"]), "steps[0].completedBy[0]"),
    ],
)  # fmt: skip
def test_faulty_step_is_named_and_nothing_is_saved(
    save: Save, rows: Rows, course_steps: Any, field: str
) -> None:
    refusal = save(course_steps)
    assert refusal.status_code == 422
    assert refusal.json()["details"][0]["field"] == field
    assert rows("SELECT count(*) FROM courses") == [(1,)]


@pytest.mark.parametrize("course_id", ["", "With Blank", "-a", "a-", "a--b", "x" * 65, "Ü", None])
def test_faulty_course_id_is_refused(save: Save, course_id: Any) -> None:
    assert save(steps("a"), courseId=course_id).status_code == 422


def test_only_operators_save_courses(client: TestClient, rows: Rows) -> None:
    body = {"courseId": COURSE_ID, "name": "Knots", "steps": steps("a")}
    assert client.post(PATH, json=body).status_code == 401
    assert rows("SELECT count(*) FROM courses") == [(1,)]


def test_built_in_course_cannot_be_replaced(save: Save, rows: Rows) -> None:
    before = rows("SELECT * FROM courses")
    refusal = save(steps("a"), courseId="voice-assistant")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "course_is_built_in")
    assert rows("SELECT * FROM courses") == before


def test_dry_run_checks_everything_and_changes_nothing(
    save: Save, report: Report, rows: Rows
) -> None:
    assert save(steps("Bowline", "Hitch"), dryRun=True).json()["created"] is True
    assert rows("SELECT count(*) FROM courses") == [(1,)]
    save(steps("Bowline", "Hitch"))
    report(2, completed=True)
    before = rows("SELECT * FROM courses, sessions, step_progress")
    dry_run = save(steps("Bowline", "Half Hitch"), dryRun=True)
    assert aliases(dry_run) == [[], ["Hitch"]]
    body = dry_run.json()
    assert (body["created"], body["dryRun"], body["sessions"]) == (False, True, 1)
    assert save(steps("Bowline"), dryRun=True).status_code == 409
    assert rows("SELECT * FROM courses, sessions, step_progress") == before


def test_renamed_step_keeps_its_reports_and_its_former_names(
    save: Save, report: Report, rows: Rows
) -> None:
    save([{"name": "Bowline", "aliases": ["Rabbit"]}, {"name": "Hitch"}])
    report(1, "Bowline", timeSpent=5)
    before = rows("SELECT updated_at FROM step_progress")
    rename_response = save(steps("Loop", "Hitch"))
    assert rename_response.json()["stepsRenamed"] == 1
    assert aliases(rename_response) == [["Bowline", "Rabbit"], []]
    assert rows("SELECT step_number, step_name FROM step_progress") == [(1, "Loop")]
    # A rename adds a microsecond, which keeps set_updated_at() from setting the time to now.
    ((updated_at,),) = rows("SELECT updated_at FROM step_progress")
    assert updated_at - before[0][0] <= timedelta(microseconds=1)
    assert aliases(save(steps("Loop", "Hitch"))) == [["Bowline", "Rabbit"], []]
    for name in ("bowline", "Rabbit", "Loop"):
        (step,) = report(2, name, timeSpent=5)["step_progress"]
        assert (step["stepNumber"], step["stepName"]) == (1, "Loop")
    move_response = save([{"name": "Loop"}, {"name": "Hitch", "aliases": ["Rabbit"]}])
    assert aliases(move_response) == [["Bowline"], ["Rabbit"]]


@pytest.mark.parametrize(
    ("course_steps", "steps_with_reports"),
    [
        (steps("Bowline"), "2 Hitch (sessions: 1), 3 Splice (sessions: 2)"),
        (steps("Bowline", "Hitch"), "3 Splice (sessions: 2)"),
        (steps("Bowline", "Splice", "Hitch"), "2 Hitch (sessions: 1), 3 Splice (sessions: 2)"),
        (steps("Intro", "Bowline", "Hitch", "Splice"), "2 Hitch (sessions: 1)"),
        ([{"name": "Bowline", "aliases": ["hitch"]}, *steps("b", "c")], "2 Hitch (sessions: 1)"),
    ],
)
def test_step_with_reports_is_neither_removed_nor_moved(
    save: Save, report: Report, rows: Rows, course_steps: Any, steps_with_reports: str
) -> None:
    save(steps("Bowline", "Hitch", "Splice"))
    report(2)
    report(3)
    report(3, token="ws_another_token")
    before = rows("SELECT * FROM courses, sessions, step_progress")
    refusal = save(course_steps)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "steps_have_reports")
    assert steps_with_reports in refusal.json()["error"]
    assert rows("SELECT * FROM courses, sessions, step_progress") == before


def test_steps_without_reports_may_be_moved_and_removed(save: Save, report: Report) -> None:
    save(steps("Bowline", "Hitch", "Splice"))
    report(1)
    assert aliases(save(steps("Bowline", "Splice", "Hitch"))) == [[], [], []]
    assert aliases(save(steps("Bowline"))) == [[]]


def test_sessions_are_recomputed_when_their_course_changes(
    client: TestClient, save: Save, report: Report, rows: Rows
) -> None:
    save(steps("Bowline", "Hitch"))
    report(1, completed=True)
    assert report(2, completed=True)["completion_rate"] == 100
    config = {"sessionToken": "ws_by_configuration", "courseId": COURSE_ID}
    body = {**config, "servicesReady": True, "currentStep": 2}
    assert client.post("/api/student-config-save", json=body).status_code == 200
    before = rows("SELECT session_token, last_activity, expires_at FROM sessions ORDER BY 1")
    response_body = save(steps("Bowline", "Hitch", "Splice", "Whip", Whip=["servicesReady"])).json()
    assert (response_body["sessions"], response_body["sessionsRecomputed"]) == (2, 2)
    figures = "SELECT completion_rate, current_step FROM sessions ORDER BY session_token"
    assert rows(figures) == [(50, 2), (25, 4)]
    assert rows("SELECT session_token, last_activity, expires_at FROM sessions ORDER BY 1") == (
        before
    )
    assert save(steps("Bowline", "Hitch")).json()["sessionsRecomputed"] == 2
    assert rows(figures) == [(100, 2), (0, 2)]
    assert save(steps("Bowline", "Hitch")).json()["sessionsRecomputed"] == 0


def test_flags_of_a_course_are_kept_and_no_other_member(
    client: TestClient, save: Save, rows: Rows
) -> None:
    save(steps("Bowline", "Hitch", Hitch=["hitchTied", "services_ready"]))
    body = {"sessionToken": TOKEN, "courseId": COURSE_ID, "hitchTied": True, "services_ready": True,
            "ropeCoiled": True, "ropeLength": 3}  # fmt: skip
    response = client.post("/api/student-config-save", json=body)
    assert response.status_code == 200
    assert set(response.json()["ignoredFields"]) == {"services_ready", "ropeCoiled", "ropeLength"}
    assert rows("SELECT extra, services_ready, completion_rate FROM sessions") == [
        ({"hitchTied": True}, False, 0)
    ]
    body = {"sessionToken": TOKEN, "hitchTied": False, "servicesReady": True}
    assert client.post("/api/student-config-save", json=body).status_code == 200
    assert rows("SELECT extra, completion_rate FROM sessions") == [({"hitchTied": True}, 50)]
    events = "SELECT event_data -> 'stepNumber' FROM events WHERE event_type = 'step_completed'"
    assert rows(events) == [(2,)]


def test_flag_of_a_course_is_known_and_a_misspelt_one_is_not(
    client: TestClient, save: Save
) -> None:
    save(steps("Bowline", Bowline=["bowlineTied"]))
    body = {"sessionToken": TOKEN, "courseId": COURSE_ID, "bowlineTied": True}
    assert "warnings" not in client.post("/api/student-config-save", json=body).json()
    body |= {"servicesRaedy": True, "bowlineLength": 3}
    warnings = client.post("/api/student-config-save", json=body).json()["warnings"]
    assert [warning["field"] for warning in warnings] == ["servicesRaedy", "bowlineLength"]


def test_student_of_two_courses_is_shown_in_the_last_active_one(
    client: TestClient, save: Save, report: Report
) -> None:
    save(steps("Bowline", "Hitch"))
    student = {"studentEmail": "ann@example.com"}
    body = {"sessionToken": "ws_of_the_built_in", "exerciseId": "step-7", "completed": True}
    assert client.post("/api/track-student-progress", json={**body, **student}).status_code == 200
    report(1, completed=True, **student)
    look_up = {"studentId": "ann@example.com"}
    progress = client.get("/api/track-student-progress", params=look_up).json()["progress"]
    assert (progress["exercises"], progress["completionRate"]) == (
        {"step-1": {"completed": True}}, 50,
    )  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sessions SET current_step = 3 WHERE course_id = 'knots'",
        "UPDATE step_progress SET step_number = 3",
        "UPDATE step_progress SET step_number = 0",
        (
            "INSERT INTO step_progress (session_token, student_id, step_number, step_name)"
            " SELECT session_token, student_id, 3, 'x' FROM sessions"
        ),
        (
            "INSERT INTO sessions (session_token, student_id, course_id, current_step)"
            " SELECT 'ws_by_hand', student_id, course_id, 3 FROM sessions"
        ),
    ],
)
def test_tables_follow_the_number_of_steps_of_each_course(
    save: Save, report: Report, rows: Rows, statement: str
) -> None:
    save(steps("Bowline", "Hitch"))
    report(1)
    with pytest.raises(psycopg.errors.CheckViolation):
        rows(statement)
    save(steps("Bowline", "Hitch", "Splice"))
    if "= 0" not in statement:
        rows(statement)


def test_session_with_progress_cannot_change_its_course(
    save: Save, report: Report, rows: Rows
) -> None:
    save(steps("Bowline", "Hitch"))
    report(1)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        rows("UPDATE sessions SET course_id = 'voice-assistant'")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        rows("DELETE FROM courses WHERE course_id = 'knots'")


def test_step_is_not_taken_away_while_a_report_about_it_is_stored(
    save: Save, report: Report, postgres_url: str, rows: Rows
) -> None:
    save(steps("Bowline", "Hitch"))
    report(1)
    with psycopg.connect(postgres_url) as reporting, ThreadPoolExecutor(1) as pool:
        reporting.execute(
            "INSERT INTO step_progress (session_token, student_id, step_number, step_name)"
            " SELECT session_token, student_id, 2, 'Hitch' FROM sessions"
        )
        save_call = pool.submit(save, steps("Bowline"))
        wait_for_blocked_calls(rows)
        reporting.commit()
        assert save_call.result().json()["code"] == "steps_have_reports"
    assert rows("SELECT jsonb_array_length(steps) FROM courses WHERE NOT built_in") == [(2,)]


def test_report_waits_for_a_change_of_its_course_and_follows_it(
    save: Save, report: Report, client: TestClient, postgres_url: str, rows: Rows
) -> None:
    save(steps("Bowline", "Hitch"))
    report(1)
    with psycopg.connect(postgres_url) as changing, ThreadPoolExecutor(1) as pool:
        changing.execute("SELECT FROM courses WHERE course_id = 'knots' FOR UPDATE")
        changing.execute("UPDATE courses SET steps = steps - 1 WHERE course_id = 'knots'")
        body = {"sessionToken": TOKEN, "stepNumber": 2}
        report_call = pool.submit(client.post, "/api/student-progress", json=body)
        wait_for_blocked_calls(rows)
        changing.commit()
        assert report_call.result().json()["code"] == "no_such_step"
    assert rows("SELECT step_number FROM step_progress") == [(1,)]
