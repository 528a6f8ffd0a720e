"""POST /api/student-progress: reports about steps."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import repeat
from queue import Queue
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from pydantic.alias_generators import to_snake

from lib.web.openapi import API_DOCS
from lib.workshop.progress.wire import ProgressIn
from tests.workshop.conftest import TOKEN

Post = Callable[..., Any]
Rows = Callable[..., list[tuple[Any, ...]]]


def test_documented_report_returns_the_whole_session(post: Post) -> None:
    response = post(
        studentEmail="student@example.com",
        studentName="John Doe",
        stepNumber=3,
        stepName="Services",
        completed=True,
        timeSpent=450,
        codeSubmitted="...",
        deploymentUrl="https://...",
    )
    assert response.status_code == 200
    body = response.json()
    assert (body["success"], body["message"]) == (True, "Progress updated successfully")
    progress = body["progress"]
    assert progress["session_token"] == TOKEN
    assert progress["student_email"] == "student@example.com"
    assert progress["student_name"] == "John Doe"
    assert progress["current_step"] == 3
    assert progress["completion_rate"] == 11  # round(100 * 1 / 9)
    assert progress["total_time_spent"] == 450
    (step,) = progress["step_progress"]
    assert step["stepNumber"] == 3
    assert step["stepName"] == "Provision Services"
    assert step["completed"] is True
    assert (step["timeSpent"], step["attempts"]) == (450, 1)


def test_token_printed_in_the_guide_is_valid(post: Post) -> None:
    assert post(sessionToken="ws_123...").json()["progress"]["session_token"] == "ws_123..."


def test_time_and_attempts_add_up(post: Post) -> None:
    post(timeSpent=100)
    post(timeSpent=50, attempts=3)
    progress = post(stepNumber=2, timeSpent=7).json()["progress"]
    first, second = progress["step_progress"]
    assert (first["timeSpent"], first["attempts"]) == (150, 4)
    assert (second["timeSpent"], second["attempts"]) == (7, 1)
    assert progress["total_time_spent"] == 157


def test_passed_step_stays_passed(post: Post, rows: Rows) -> None:
    passed = post(completed=True).json()["progress"]
    later = post(completed=False).json()["progress"]
    assert later["step_progress"][0]["completed"] is True
    assert later["completion_rate"] == passed["completion_rate"] == 11
    assert later["step_progress"][0]["completedAt"] == passed["step_progress"][0]["completedAt"]
    assert rows("SELECT validation_passed FROM step_progress") == [(True,)]


def test_current_step_is_the_furthest_step(post: Post) -> None:
    post(stepNumber=5)
    assert post(stepNumber=2).json()["progress"]["current_step"] == 5


def test_step_is_also_completed_by_its_flags_and_counts_once(post: Post, rows: Rows) -> None:
    post(stepNumber=1, completed=True)
    rows("UPDATE sessions SET twilio_connected = TRUE, openai_connected = TRUE,"
         " services_ready = TRUE, step4_committed = TRUE RETURNING 1")  # fmt: skip
    progress = post(stepNumber=2).json()["progress"]
    assert [(s["stepNumber"], s["completed"]) for s in progress["step_progress"]] == [
        (1, True), (2, False), (3, True),
    ]  # fmt: skip
    assert progress["completion_rate"] == 22
    assert progress["current_step"] == 3


def test_recorded_time_never_decreases(post: Post, rows: Rows) -> None:
    post(timeSpent=10)
    rows("UPDATE sessions SET total_time_spent = 5000 RETURNING 1")
    assert post(timeSpent=10).json()["progress"]["total_time_spent"] == 5000


def test_all_nine_steps_make_a_hundred_percent(post: Post) -> None:
    rates = [
        post(stepNumber=n, completed=True).json()["progress"]["completion_rate"]
        for n in range(1, 10)
    ]
    assert rates == [11, 22, 33, 44, 56, 67, 78, 89, 100]


def test_step_that_a_page_does_not_name_gets_its_name_from_the_course(post: Post) -> None:
    assert post(stepNumber=8).json()["progress"]["step_progress"][0]["stepName"] == (
        "Tools & Functions"
    )


def test_time_stays_within_the_range_of_its_column(post: Post, rows: Rows) -> None:
    post(timeSpent=10)
    rows("UPDATE step_progress SET time_spent = 2147483640 RETURNING 1")
    progress = post(timeSpent=100, stepNumber=1).json()["progress"]
    assert progress["step_progress"][0]["timeSpent"] == progress["total_time_spent"] == 2147483647


def test_all_spellings_of_an_email_are_one_person(post: Post, rows: Rows) -> None:
    post(studentEmail="Ann@Example.com", studentName="Ann")
    post(sessionToken="ws_2_other_token", studentEmail=" ann@example.com ", studentName="")
    assert rows("SELECT student_email, student_name FROM students") == [("ann@example.com", "Ann")]


def test_person_without_email_is_anonymous_and_the_token_stays_secret(
    post: Post, rows: Rows
) -> None:
    progress = post().json()["progress"]
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    assert rows("SELECT student_email FROM students") == [(f"anonymous_{digest[:16]}",)]
    assert progress["student_email"] is None


def test_email_claims_an_anonymous_session_with_everything_recorded(post: Post, rows: Rows) -> None:
    post(timeSpent=30, studentName="Ann")
    post(sessionToken="ws_2_other_token", studentEmail="ann@example.com")
    progress = post(studentEmail="ann@example.com", timeSpent=5).json()["progress"]
    assert progress["step_progress"][0]["timeSpent"] == 35
    ((student, email, name),) = rows("SELECT student_id, student_email, student_name FROM students")
    assert (email, name) == ("ann@example.com", "Ann")
    for table in ("sessions", "step_progress", "events"):
        assert rows(f"SELECT DISTINCT student_id FROM {table}") == [(student,)]
    assert ("session_claimed",) in rows("SELECT event_type FROM events")


def test_session_of_one_person_is_never_given_to_another(post: Post, rows: Rows) -> None:
    post(studentEmail="ann@example.com", timeSpent=30)
    before = rows("SELECT * FROM sessions, step_progress, students, events")
    refused = post(studentEmail="eve@example.com", timeSpent=999)
    assert refused.status_code == 409
    assert refused.json()["code"] == "session_of_another_student"
    assert "ann" not in refused.text
    assert rows("SELECT * FROM sessions, step_progress, students, events") == before


def test_report_without_email_continues_a_session_that_has_one(post: Post, rows: Rows) -> None:
    post(studentEmail="ann@example.com")
    assert post().json()["progress"]["student_email"] == "ann@example.com"
    assert len(rows("SELECT 1 FROM students")) == 1


def test_expired_session_is_reopened_by_its_next_report(post: Post, rows: Rows) -> None:
    post()
    rows("UPDATE sessions SET expires_at = now() - INTERVAL '1 day', is_active = FALSE RETURNING 1")
    assert post().json()["progress"]["is_active"] is True
    ((seconds_left,),) = rows("SELECT extract(epoch FROM expires_at - now()) FROM sessions")
    assert 86_000 < seconds_left <= 86_400


def test_reports_are_recorded_as_events(post: Post, rows: Rows) -> None:
    post(stepNumber=4)
    post(stepNumber=4, deploymentUrl="https://a.example")
    post(stepNumber=4, completed=True, deploymentUrl="https://a.example")
    post(stepNumber=4, completed=True, deploymentUrl="https://a.example")
    assert [kind for (kind,) in rows("SELECT event_type FROM events ORDER BY id")] == [
        "session_created",
        "step_started",
        "step_progress", "deployment_failure",
        "step_completed", "deployment_success",
        "step_progress",
    ]  # fmt: skip


def test_later_report_about_a_live_deployment_is_not_a_failure(post: Post, rows: Rows) -> None:
    url = {"deploymentUrl": "https://a.example"}
    post(stepNumber=4, completed=True, **url)
    post(stepNumber=4, timeSpent=5, **url)
    post(stepNumber=5)
    rows("UPDATE sessions SET step5_deployed = TRUE")
    post(stepNumber=5, timeSpent=5, **url)
    assert rows("SELECT 1 FROM events WHERE event_type = 'deployment_failure'") == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sessionToken", "short"), ("sessionToken", "x" * 201), ("sessionToken", "with a space in"),
        ("sessionToken", "undefined"), ("sessionToken", "null"),
        ("sessionToken", None), ("sessionToken", ["ws_1234567890"]),
        ("stepNumber", -1), ("stepNumber", 51), ("stepNumber", "three"), ("stepNumber", True),
        ("stepNumber", 10**40), ("stepNumber", 1.5e308), ("stepNumber", None),
        ("timeSpent", -1), ("timeSpent", 10**9), ("timeSpent", "later"), ("timeSpent", True),
        ("attempts", -1), ("completed", "x" * 5001), ("studentEmail", "nobody"),
        ("studentEmail", "a@" + "b" * 300), ("studentEmail", 7), ("studentName", "x" * 201),
        ("stepName", {"a": 1}), ("codeSubmitted", "x" * 50_001), ("deploymentUrl", "x" * 2001),
        ("demoMode", "maybe"),
    ],
)  # fmt: skip
def test_bad_field_is_named_and_nothing_is_written(
    post: Post, rows: Rows, field: str, value: Any
) -> None:
    response = post(**{field: value})
    assert response.status_code == 422
    body = response.json()
    assert body["success"] is False
    assert body["code"] == "invalid_input"
    assert body["error"].startswith(field)
    assert body["details"][0]["field"] == field
    assert rows("SELECT 1 FROM sessions") == []


@pytest.mark.parametrize("step_name", ['"\\u0000"', '"\\ud800"', "NaN", '"a", "stepName": "b"'])
def test_body_that_cannot_be_stored_as_sent_is_refused(client: TestClient, step_name: str) -> None:
    response = client.post(
        "/api/student-progress",
        content=f'{{"sessionToken": "{TOKEN}", "stepNumber": 1, "stepName": {step_name}}}',
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 422


def test_unknown_fields_are_ignored_and_never_stored(post: Post, rows: Rows) -> None:
    response = post(
        studentId="00000000-0000-0000-0000-000000000001",
        isAdmin=True, completionRate=100, completion_rate=100, validation_passed=True,
        current_step=9, openai_api_key="sk-mass-assignment", somethingNew={"deep": ["canary"]},
    )  # fmt: skip
    assert response.status_code == 200
    progress = response.json()["progress"]
    assert (progress["completion_rate"], progress["current_step"]) == (0, 1)
    stored = str(rows("SELECT * FROM sessions, step_progress, events, students"))
    assert "canary" not in stored
    assert "sk-mass" not in stored


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "'; DROP TABLE students; --", '"><img src=x onerror=alert(1)>',
        "%(session_token)s %s {0} $1", "\\'; SELECT 1", "Zoë 🧪 \u202e עברית",
        "javascript:alert(1)",
    ],
)  # fmt: skip
def test_hostile_text_is_stored_unchanged(post: Post, rows: Rows, text: str) -> None:
    response = post(studentName=text, stepName=text, codeSubmitted=text, deploymentUrl=text)
    assert response.json()["progress"]["student_name"] == text
    assert response.headers["content-type"] == "application/json"
    assert rows(
        "SELECT student_name, code_submitted, deployment_url"
        " FROM step_progress JOIN students USING (student_id)"
    ) == [(text, text, text)]
    assert rows("SELECT event_data ->> 'stepName' FROM events WHERE event_data <> '{}'") == [
        (text,), (text,)
    ]  # fmt: skip


def test_step_gets_its_name_from_the_course_and_not_from_the_page(post: Post, rows: Rows) -> None:
    for token, name in (("ws_1_long_enough", "Services"), ("ws_2_long_enough", "Setting up")):
        post(sessionToken=token, stepNumber=3, stepName=name)
        progress = post(sessionToken=token, stepNumber=3, stepName=name).json()["progress"]
        assert progress["step_progress"][0]["stepName"] == "Provision Services"
    post(sessionToken="ws_3_long_enough", stepNumber=3, stepName="Provision Services")
    post(sessionToken="ws_3_long_enough", stepNumber=3)
    assert rows("SELECT step_number, step_name, count(*) FROM step_progress GROUP BY 1, 2") == [
        (3, "Provision Services", 3)
    ]
    names_query = "SELECT session_token, event_type, event_data -> 'stepName' FROM events"
    assert rows(f"{names_query} WHERE event_data ? 'stepName' ORDER BY id") == [
        ("ws_1_long_enough", "step_started", "Services"),
        ("ws_1_long_enough", "step_progress", "Services"),
        ("ws_2_long_enough", "step_started", "Setting up"),
        ("ws_2_long_enough", "step_progress", "Setting up"),
    ]


@pytest.mark.parametrize(
    ("number", "name", "step"),
    [(1, "Choose Use Case", 2), (6, "Custom AI Prompt", 7), (8, " final deployment ", 9),
     (0, "Connect Accounts", 1), (8, "Final  Deployment", 9), (0, "TOOLS & FUNCTIONS", 8),
     (4, "Step", 4), (4, None, 4), (0, "Setup", 1), (0, None, 1), (1, "Setup", 1)],
)  # fmt: skip
def test_name_of_a_step_decides_which_step_a_report_is_about(
    post: Post, rows: Rows, number: int, name: str | None, step: int
) -> None:
    post(stepNumber=number, stepName=name, completed=True, timeSpent=5)
    progress = post(stepNumber=number, stepName=name, timeSpent=5).json()["progress"]
    assert [(s["stepNumber"], s["timeSpent"]) for s in progress["step_progress"]] == [(step, 10)]
    assert rows("SELECT DISTINCT event_data -> 'stepNumber' FROM events"
                " WHERE event_data <> '{}'") == [(step,)]  # fmt: skip


# A value counts as in JavaScript, except that a text that spells a value counts as that value.
FALSE: tuple[Any, ...] = (
    False,
    None,
    0,
    -0.0,
    "",
    " ",
    "0",
    "false",
    "False",
    "no",
    "off",
    "null",
    "undefined",
)
TRUE: tuple[Any, ...] = (
    *(True, 1, -1, 0.5, [], {}, [False]),
    *("1", "true", "YES", "on", "done", "00", "nothing yet"),
)


@pytest.mark.parametrize(
    ("value", "completed"),
    [*((value, False) for value in FALSE), *((value, True) for value in TRUE)],
    ids=repr,
)
def test_completed_is_any_value_that_counts_as_true_or_false(
    post: Post, client: TestClient, value: Any, completed: bool
) -> None:
    progress = post(stepNumber=5, completed=value).json()["progress"]
    assert [step["completed"] for step in progress["step_progress"]] == [completed]
    body = {"sessionToken": "ws_of_an_older_page", "exerciseId": "step-5", "completed": value}
    progress = client.post("/api/track-student-progress", json=body).json()["progress"]
    assert progress["exercises"]["step-5"]["completed"] is completed
    assert progress["completionRate"] == (11 if completed else 0)


def test_text_that_completes_step_2_is_the_use_case(post: Post, client: TestClient) -> None:
    def use_case(progress: dict[str, Any]) -> str | None:
        text: str | None = progress["use_case_description"]
        return text

    name = "Choose Use Case"
    assert use_case(post(stepNumber=1, stepName=name, completed="").json()["progress"]) is None
    assert use_case(post(stepNumber=2, completed="yes").json()["progress"]) is None
    assert use_case(post(stepNumber=1, completed="of step 1").json()["progress"]) is None
    progress = post(stepNumber=1, stepName=name, completed=" Books a table ").json()["progress"]
    assert use_case(progress) == "Books a table"
    body = {"sessionToken": TOKEN, "useCaseDescription": "Books a table, and answers questions"}
    assert client.post("/api/student-config-save", json=body).status_code == 200
    progress = post(stepNumber=1, stepName=name, completed="Books a table").json()["progress"]
    assert use_case(progress) == "Books a table, and answers questions"


def test_thirty_reports_at_once_that_begin_a_session_all_count(post: Post, rows: Rows) -> None:
    with ThreadPoolExecutor(10) as pool:
        responses = list(pool.map(lambda _: post(timeSpent=2), range(30)))
    assert {response.status_code for response in responses} == {200}
    assert rows("SELECT time_spent, attempts FROM step_progress") == [(60, 30)]
    assert rows("SELECT count(*) FROM sessions") == [(1,)]
    assert rows("SELECT count(*) FROM students") == [(1,)]
    assert rows("SELECT count(*) FROM events WHERE event_type = 'session_created'") == [(1,)]


def test_emails_racing_for_one_new_token_leave_one_owner(post: Post, rows: Rows) -> None:
    emails = [None, "ann@example.com", "eve@example.com"] * 8
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda email: post(studentEmail=email), emails))
    assert {response.status_code for response in responses} <= {200, 409}
    owners = rows("SELECT student_email FROM sessions JOIN students USING (student_id)")
    assert owners in ([("ann@example.com",)], [("eve@example.com",)])
    assert rows("SELECT count(*) FROM students") == [(1,)]
    accepted = sum(response.status_code == 200 for response in responses)
    assert rows("SELECT attempts FROM step_progress") == [(accepted,)]


def test_requests_racing_for_one_new_token_never_deadlock(postgres_url: str) -> None:
    """A deadlock lasts a second, and several in a row end the wait for a lock with 503."""
    report = (
        "SELECT public.record_step_progress(%s, %s, NULL, NULL, NULL, 1, NULL, TRUE, NULL, 1, 1,"
        " NULL, NULL, NULL, NULL, NULL, NULL)"
    )
    connections = Queue[psycopg.Connection]()

    def send(token: str, email: str | None) -> str:
        connection = connections.get()
        try:
            connection.execute(report, [token, email])
        except psycopg.Error as error:
            return error.diag.constraint_name or type(error).__name__
        finally:
            connections.put(connection)
        return "done"

    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            connections.put(stack.enter_context(psycopg.connect(postgres_url, autocommit=True)))
        for number in range(12):
            emails = [None, f"ann{number}@example.com", f"eve{number}@example.com"] * 8
            results = pool.map(send, repeat(f"ws_{number}_long_enough"), emails)
            assert set(results) <= {"done", "session_of_one_student"}


EXAMPLE: dict[str, Any] = json.loads(
    (API_DOCS / "workshop" / "student_progress.json").read_text(encoding="utf-8")
)["POST /api/student-progress"]["request"]
REQUIRED_FIELDS = {"sessionToken", "stepNumber"}
ADDITIVE_FIELDS = {"timeSpent", "attempts"}
HIDDEN_FIELDS = {
    "codeSubmitted",
    "twilioAccountSid",  # only hasTwilioAccountSid; see test_accounts.py
    "stepName",  # kept in the events; steps are shown under the course's names
}


def test_example_of_a_report_has_every_field() -> None:
    fields = {field.alias for field in ProgressIn.model_fields.values()}
    assert fields - EXAMPLE.keys() == set(), (
        "add these to the request of POST /api/student-progress in"
        " docs/api/workshop/student_progress.json; the tests below send it"
    )


@pytest.mark.parametrize("field", sorted(EXAMPLE.keys() - REQUIRED_FIELDS - HIDDEN_FIELDS))
def test_field_of_a_report_is_shown_and_kept(post: Post, field: str) -> None:
    """The first or the second of two reports has the field; a report without it clears nothing."""
    value = EXAMPLE[field] or True  # false would prove nothing: a flag is false at first
    fields: dict[str, Any] = {field: value}
    for number, (first, second) in enumerate([(fields, {}), ({}, fields)], 1):
        token = f"{TOKEN}{number}"
        for report in (first, second):
            response = post(sessionToken=token, **report)
            assert response.status_code == 200, (
                f"{response.text}: does sql/workshop/schema/functions.sql name a missing column,"
                " or does its session_steps() lack a field of StepProgress?"
            )
        progress = response.json()["progress"]
        (step,) = progress["step_progress"]
        stored = step.get(field, progress.get(to_snake(field), ...))
        assert stored is not ..., (
            f"StepProgress or Progress in lib/workshop/progress/wire.py lacks {field}"
        )
        if field in ADDITIVE_FIELDS:
            assert stored >= value
        else:
            assert stored == value, (
                f"sql/workshop/schema/functions.sql loses {field}: record_step_progress() must have"
                " it in its INSERT and in its UPDATE, session_steps() must show it"
            )
