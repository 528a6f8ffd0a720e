"""The built-in course in code is the documented one, and the workshop's SQL agrees with it."""

import json
from collections.abc import Callable
from itertools import combinations
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.database.queries import load_queries
from lib.workshop.config.wire import Configuration, ConfigurationFields, Flags
from lib.workshop.course import COURSE, COURSE_LISTS
from lib.workshop.instructor.wire import ListedSession
from lib.workshop.older_pages.exercises import share_view
from lib.workshop.progress.wire import Progress
from lib.workshop.wire import StoredSession
from tests.support.upgrade import upgrade
from tests.workshop.conftest import TOKEN
from tests.workshop.documented_course import CAMEL_FLAGS, COMPLETED_BY, FLAGS, STEP_NAMES

Rows = Callable[..., list[tuple[Any, ...]]]
WITHHELD = {
    "openai_api_key",
    "student_name_given",
    "emptied_fields",
    "progressed_at",
    "github_username_given",
    "twilio_account_given",
}
"""Columns of a session that no response contains under these names."""
FROM_ELSEWHERE = {
    "student_email", "student_name", "has_api_key", "step_progress", "github_username",
    "has_twilio_account_sid", "has_twilio_auth_token",
}  # fmt: skip
"""Fields of a session in responses that are not columns of its table."""
IN_CONFIGURATIONS = {"extra", "has_twilio_auth_token"}
"""Fields of session_progress() that configurations read, and progress does not."""
EXERCISE_STEP = """
SELECT exercise_step(step_names(steps), jsonb_array_length(steps), %s) FROM courses
"""
OTHER_BOOLEANS = {"is_active", "demo_mode", "repo_created", "twilio_account_given"}
"""Boolean columns of a session that are not flags of a step."""


@pytest.fixture
def columns(rows: Rows) -> set[str]:
    """The columns of public.sessions."""
    names = "SELECT attname FROM pg_attribute WHERE attrelid = 'public.sessions'::regclass"
    return {name for (name,) in rows(f"{names} AND attnum > 0 AND NOT attisdropped")}


def test_course_is_the_documented_one() -> None:
    assert [step.name for step in COURSE.steps] == STEP_NAMES
    assert [step.number for step in COURSE.steps] == list(range(1, 10))
    assert COURSE.last_step == 9
    assert list(COURSE.flags) == FLAGS
    assert {step.number: set(step.completed_by) for step in COURSE.steps} == COMPLETED_BY


def test_step_is_completed_by_flags_of_its_own() -> None:
    for step in COURSE.steps:
        assert set(step.completed_by) <= set(step.flags)


def test_sql_stores_the_built_in_course(rows: Rows, postgres_url: str) -> None:
    ((course_id, name, steps, built_in),) = rows(
        "SELECT course_id, name, steps, built_in FROM courses"
    )
    assert (course_id, name, built_in) == (COURSE.course_id, COURSE.name, COURSE.built_in)
    assert steps == [
        {
            "number": step.number,
            "name": step.name,
            "aliases": list(step.aliases),
            "completed_by": list(step.completed_by),
        }
        for step in COURSE.steps
    ]
    assert rows("SELECT default_course()") == [(COURSE.course_id,)]
    rows("UPDATE courses SET name = 'x', steps = steps - 0, built_in = FALSE")
    upgrade(postgres_url)
    assert rows("SELECT name, steps, built_in FROM courses") == [(name, steps, True)]


def test_sql_names_the_steps_of_a_course_and_no_others(rows: Rows) -> None:
    names: dict[int, str | None] = dict(
        rows("SELECT n, step_name(steps, n) FROM courses, generate_series(-1, 10) AS n")
    )
    assert names == {-1: None, 0: None, 10: None, **{s.number: s.name for s in COURSE.steps}}


def test_sql_finds_a_step_by_each_of_its_names_and_no_other(rows: Rows) -> None:
    step_of_name = "SELECT step_meant(step_names(steps), NULL, %s) FROM courses"
    for step in COURSE.steps:
        for name in (
            *(step.name, step.name.upper(), f" {step.name}\t", step.name.replace(" ", "  ")),
            *step.aliases,
        ):
            assert rows(step_of_name, name) == [(step.number,)], name
            assert COURSE.step_of_name(name) == step.number, name
    assert rows("SELECT step_names(steps) FROM courses") == [(COURSE.numbers_by_name_key,)]
    for other in ("Services", "", None):
        assert rows(step_of_name, other) == [(None,)]


@pytest.mark.parametrize("size", [0, 1, 2, len(FLAGS) - 1, len(FLAGS)])
def test_sql_completes_steps_by_the_flags_of_the_course(rows: Rows, size: int) -> None:
    rows(
        "WITH st AS (INSERT INTO students (student_email) VALUES ('a@b.c') RETURNING student_id)"
        " INSERT INTO sessions (session_token, student_id) SELECT 'template', student_id FROM st"
    )
    choices = [set(flags) for flags in combinations(COURSE.flags, size)]
    sessions = [{flag: flag in flags for flag in COURSE.flags} for flags in choices]
    completed_steps = rows(
        "SELECT flagged_steps(jsonb_populate_record("
        "   (SELECT s FROM sessions s WHERE session_token = 'template'), value))"
        " FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY ORDER BY ordinality",
        json.dumps(sessions),
    )
    for flags, (steps,) in zip(choices, completed_steps, strict=True):
        expected = [step.number for step in COURSE.steps if set(step.completed_by) <= flags]
        assert steps == expected, flags


def test_sql_counts_every_step_of_the_course(post: Callable[..., Any], rows: Rows) -> None:
    for step in COURSE.steps:
        progress = post(stepNumber=step.number, completed=True).json()["progress"]
        assert progress["completion_rate"] == round(100 * step.number / len(COURSE.steps))
    assert [step["stepName"] for step in progress["step_progress"]] == STEP_NAMES
    assert progress["current_step"] == COURSE.last_step
    rows("TRUNCATE step_progress")
    rows("UPDATE sessions SET " + ", ".join(f"{flag} = TRUE" for flag in COURSE.flags))
    progress = post(stepNumber=1).json()["progress"]
    assert [step["stepNumber"] for step in progress["step_progress"]] == list(range(1, 10))


@pytest.mark.parametrize("table", ["sessions", "step_progress"])
def test_table_refuses_a_step_after_the_last(
    post: Callable[..., Any], rows: Rows, table: str
) -> None:
    post()
    column = {"sessions": "current_step", "step_progress": "step_number"}[table]
    rows(f"UPDATE {table} SET {column} = %s", COURSE.last_step)
    with pytest.raises(psycopg.errors.CheckViolation):
        rows(f"UPDATE {table} SET {column} = %s", COURSE.last_step + 1)


@pytest.mark.parametrize("number", range(12))
def test_exercise_is_the_step_of_its_number_and_0_means_step_1(rows: Rows, number: int) -> None:
    step = max(number, 1) if number <= COURSE.last_step else None
    for name in (f"step-{number}", f"exercise_0{number}"):
        assert rows(EXERCISE_STEP, name) == [(step,)]
        view = share_view({name: True})
        assert view == ({f"step-{step}": {"completed": True}} if step else {})


def test_exercise_with_the_name_of_a_step_is_that_step(rows: Rows) -> None:
    # "Final Deployment" is an alias of step 9; the name of step 3 only contains "Services".
    for name, step in (("Connect Accounts", 1), (" final deployment", 9), ("Services", None)):
        assert rows(EXERCISE_STEP, name) == [(step,)]
        view = share_view({name: True})
        assert view == ({f"step-{step}": {"completed": True}} if step else {})


def test_step_under_several_exercises_is_complete_if_one_of_them_is() -> None:
    exercises = {"step-1": True, "step-0": False, "Connect Accounts": {"completed": False}}
    assert share_view(exercises) == {"step-1": {"completed": True}}


def test_funnel_has_every_step_of_the_course(client: TestClient, operator: dict[str, str]) -> None:
    funnel = client.get("/api/workshop-analytics", headers=operator).json()["funnel"]
    assert [(step["stepNumber"], step["stepName"]) for step in funnel] == [
        (step.number, step.name) for step in COURSE.steps
    ]


def test_every_boolean_column_is_a_flag_or_one_of_the_other_booleans(rows: Rows) -> None:
    booleans = rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'public.sessions'::regclass"
        " AND attnum > 0 AND NOT attisdropped AND atttypid = 'boolean'::regtype"
    )
    assert {name for (name,) in booleans} == {*COURSE.flags, *OTHER_BOOLEANS}


def test_bodies_have_the_flags_of_the_course() -> None:
    assert list(Flags.model_fields) == FLAGS
    assert set(FLAGS) <= ListedSession.model_fields.keys()
    assert set(FLAGS) <= StoredSession.model_fields.keys()


def test_response_has_every_column_of_a_session_except_those_withheld(
    post: Callable[..., Any], rows: Rows, columns: set[str]
) -> None:
    progress = post().json()["progress"]
    ((fields,),) = rows("SELECT session_progress(%s)", TOKEN)
    assert fields.keys() == (columns - WITHHELD) | FROM_ELSEWHERE
    in_progress = (fields.keys() - IN_CONFIGURATIONS) | {"truncated_fields"}
    assert Progress.model_fields.keys() == progress.keys() == in_progress
    assert Configuration.model_fields.keys() >= IN_CONFIGURATIONS


def test_extra_fields_of_a_session_are_shown_by_name_and_the_auth_token_never(
    post: Callable[..., Any], client: TestClient, rows: Rows
) -> None:
    post()
    body = {"sessionToken": TOKEN, "aiModel": "a", "twilioAuthToken": "auth-canary"}
    assert client.post("/api/student-config-save", json=body).status_code == 200
    ((extra, has_auth_token),) = rows(
        "SELECT fields -> 'extra', fields -> 'has_twilio_auth_token'"
        " FROM session_progress(%s) AS fields",
        TOKEN,
    )
    assert (extra, has_auth_token) == ({"aiModel": "a"}, True)
    response = client.get("/api/student-config-get", params={"sessionToken": TOKEN})
    configuration = response.json()["config"]
    assert (configuration["aiModel"], configuration["hasTwilioAuthToken"]) == ("a", True)
    assert not {"extra", "twilioAuthToken"} & configuration.keys()
    assert "auth-canary" not in response.text


def test_every_field_that_can_be_saved_can_be_read(columns: set[str]) -> None:
    assert ConfigurationFields.model_fields.keys() <= columns
    assert ConfigurationFields.model_fields.keys() <= StoredSession.model_fields.keys()


def test_list_reads_every_field_that_it_returns(postgres_url: str) -> None:
    query = load_queries("workshop/instructor.sql", COURSE_LISTS)["listed_sessions"]
    with psycopg.connect(postgres_url) as connection:
        params = {"limit": 1, "created_at": None, "session_token": None}
        description = connection.execute(query.text, params).description
    assert {column.name for column in description or ()} == set(ListedSession.model_fields)


@pytest.mark.parametrize("flag", CAMEL_FLAGS)
def test_flag_that_is_saved_is_read_and_listed(
    client: TestClient, operator: dict[str, str], flag: str
) -> None:
    body = {"sessionToken": TOKEN, flag: True}
    assert client.post("/api/student-config-save", json=body).status_code == 200
    config = client.get("/api/student-config-get", params={"sessionToken": TOKEN}).json()["config"]
    assert [name for name in CAMEL_FLAGS if config[name]] == [flag]
    lists = client.post("/api/admin-list-configs-v2", json={}, headers=operator).json()
    (session,) = lists["sessions"]
    assert [name for name in CAMEL_FLAGS if session[name]] == [flag]
