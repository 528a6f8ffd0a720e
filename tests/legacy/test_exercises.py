"""The steps that a migration derives from `exercises`."""

import json
from typing import Any

import pytest

from tests.legacy.legacy_database import Legacy

TIMESTAMP = "2025-01-02T10:00:00.000Z"


def migrate(legacy: Legacy, **exercises: Any) -> None:
    legacy.put(
        "workshop_students",
        session_token="token-a",
        started_at="2025-01-01",
        last_activity="2025-01-05",
        exercises=json.dumps({key.replace("_", "-"): value for key, value in exercises.items()}),
    )
    assert legacy.run().verified


@pytest.mark.parametrize("key", ["step-3", "step3", "Step-3", "exercise-3", "STEP 03", "step_3"])
def test_every_spelling_of_a_step_is_understood(legacy: Legacy, key: str) -> None:
    legacy.put("workshop_students", session_token="token-a", exercises=json.dumps({key: True}))
    assert legacy.run().verified
    assert legacy.rows("SELECT step_number, step_name FROM public.step_progress") == [
        (3, "Provision Services")
    ]


@pytest.mark.parametrize("key", ["intro", "step-10", "step-12", "step", "my-step-1", ""])
def test_what_is_not_a_step_stays_in_exercises_and_is_reported(legacy: Legacy, key: str) -> None:
    legacy.put("workshop_students", session_token="token-a", exercises=json.dumps({key: True}))
    assert legacy.run().verified
    assert legacy.steps() == []
    assert legacy.session("exercises") == {key: True}
    ((_, outcome, reason),) = legacy.findings()
    assert (outcome, reason) == ("kept raw", "not a step from 1 to 9: kept in exercises")


@pytest.mark.parametrize(
    ("key", "entry", "step"),
    [
        ("Connect Accounts", {"completed": True}, 1),
        (" custom AI  prompt ", True, 7),
        ("step-0", {"completed": True, "stepName": "Connect Accounts"}, 1),
        ("step-8", {"completed": True, "stepName": "Final Deployment"}, 9),
        ("step-8", '{"completed": true, "stepName": "final deployment"}', 9),
        ("quiz", {"completed": True, "stepName": "Basic TwiML"}, 4),
        ("step-8", {"completed": True, "stepName": "The end"}, 8),
        ("step-0", {"completed": True}, 1),
        ("step-0", {"completed": True, "stepName": 4}, 1),
    ],
)
def test_name_of_a_step_decides_which_step_an_exercise_is(
    legacy: Legacy, key: str, entry: Any, step: int
) -> None:
    legacy.put("workshop_students", session_token="token-a", exercises=json.dumps({key: entry}))
    assert legacy.run().verified
    assert legacy.steps() == [(step, 0, 0, True)]
    assert legacy.session("exercises") == {key: entry}
    assert legacy.findings() == []


def test_an_entry_becomes_a_step(legacy: Legacy) -> None:
    entry = {
        "completed": True,
        "timestamp": TIMESTAMP,
        "timeSpent": 300,
        "attempts": 2,
        "lastAttempt": "2025-01-03T10:00:00Z",
    }
    migrate(legacy, step_1=entry)
    assert legacy.one(
        "SELECT time_spent, attempts, validation_passed, completed_at::text, started_at::text, "
        "updated_at::text FROM public.step_progress"
    ) == (
        300,
        2,
        True,
        "2025-01-02 10:00:00+00",
        "2025-01-02 10:00:00+00",
        "2025-01-03 10:00:00+00",
    )
    assert legacy.session("exercises") == {"step-1": entry}
    assert legacy.findings() == []


@pytest.mark.parametrize(
    ("value", "seconds", "reason"),
    [
        ("120", 120, "text: read as a number"),
        (" 7 ", 7, "text: read as a number"),
        (-60, 0, "negative: counted as 0"),
        ("-5", 0, "negative: counted as 0"),
        ("ten minutes", 0, "not a number: counted as 0"),
        ([1], 0, "not a number: counted as 0"),
        (12.6, 13, "rounded to a whole number"),
        (1e20, 2147483647, "too large: counted as the largest possible"),
        (None, 0, None),
    ],
)
def test_negative_or_textual_times_are_repaired(
    legacy: Legacy, value: Any, seconds: int, reason: str | None
) -> None:
    migrate(legacy, step_1={"completed": True, "timeSpent": value})
    assert legacy.steps() == [(1, seconds, 0, True)]
    assert [text for _, _, text in legacy.findings()] == ([reason] if reason else [])
    assert legacy.session("exercises -> 'step-1' -> 'timeSpent'") == value


@pytest.mark.parametrize(
    "value", ["2025-02-31T10:00:00Z", "yesterday", "now", "infinity", 17361504, "", True]
)
def test_impossible_dates_are_read_as_null(legacy: Legacy, value: Any) -> None:
    migrate(legacy, step_1={"completed": True, "timestamp": value, "timeSpent": 1})
    assert legacy.one("SELECT completed_at, started_at::date::text FROM public.step_progress") == (
        None,
        "2025-01-01",
    )
    assert [(field, text) for field, _, text in legacy.findings()] == [
        ("exercises.step-1.timestamp", "not a date: read as null")
    ]


@pytest.mark.parametrize("value", ["later perhaps", None, [True]])
def test_values_that_are_not_entries_are_kept_and_reported(legacy: Legacy, value: Any) -> None:
    migrate(legacy, step_1=value)
    assert legacy.steps() == []
    assert legacy.session("exercises") == {"step-1": value}
    assert [outcome for _, outcome, _ in legacy.findings()] == ["kept raw"]


def test_a_step_that_was_never_begun_has_no_row(legacy: Legacy) -> None:
    migrate(legacy, step_1=False, step_2={"completed": False, "timeSpent": 0, "timestamp": None})
    assert legacy.steps() == []
    assert legacy.session("current_step") == 0


def test_two_spellings_of_one_step_add_up(legacy: Legacy) -> None:
    migrate(
        legacy,
        step_1={"completed": False, "timeSpent": 30, "attempts": 1},
        step1={"completed": True, "timeSpent": 12, "attempts": 2},
    )
    assert legacy.steps() == [(1, 42, 3, True)]


def test_times_in_two_rows_of_one_exercise_are_not_added(legacy: Legacy) -> None:
    for day, entry in [
        (2, {"completed": False, "timeSpent": 10, "lastAttempt": TIMESTAMP}),
        (1, {"completed": True, "timeSpent": 30, "timestamp": TIMESTAMP}),
    ]:
        legacy.put(
            "workshop_students",
            session_token="token-a",
            last_activity=f"2025-01-0{day}",
            exercises=json.dumps({"step-1": entry, f"only-{day}": day}),
        )
    assert legacy.run().verified
    assert legacy.steps() == [(1, 30, 0, True)]
    assert legacy.session("exercises") == {
        "step-1": {
            "completed": True,
            "timeSpent": 30,
            "timestamp": TIMESTAMP,
            "lastAttempt": TIMESTAMP,
        },
        "only-1": 1,
        "only-2": 2,
        "_legacy": {
            "workshop_students": {
                "exercises": {
                    "step-1": {"completed": False, "timeSpent": 10, "lastAttempt": TIMESTAMP},
                    "only-2": 2,
                }
            }
        },
    }


@pytest.mark.parametrize(
    ("flags", "steps", "rate", "furthest"),
    [
        (["twilio_connected"], [], 0, 0),
        (["twilio_connected", "openai_connected"], [], 11, 1),
        (["call_direction_chosen"], [2], 11, 2),
        (["services_ready"], [1, 2], 33, 3),
        (["step7_deployed", "step7_committed"], [], 0, 0),
        (["system_prompt_saved", "project_deployed"], [1, 9], 33, 9),
        ([], [1, 2, 3, 4, 5, 6, 7, 8, 9], 100, 9),
    ],
)
def test_completion_counts_flags_and_steps_once(
    legacy: Legacy, flags: list[str], steps: list[int], rate: int, furthest: int
) -> None:
    legacy.put("student_configs", session_token="token-a", **dict.fromkeys(flags, True))
    migrate(legacy, **{f"step_{step}": {"completed": True, "timeSpent": 10} for step in steps})
    assert legacy.session("completion_rate, current_step, total_time_spent") == (
        rate,
        furthest,
        10 * len(steps),
    )


def test_recorded_time_is_never_reduced(legacy: Legacy) -> None:
    legacy.put(
        "workshop_students",
        session_token="token-a",
        total_time_spent=5000,
        exercises='{"step-1": {"completed": true, "timeSpent": 10}}',
    )
    legacy.run()
    assert legacy.session("total_time_spent") == 5000


def test_legacy_steps_of_a_session_of_another_course_are_kept_in_its_exercises(
    legacy: Legacy,
) -> None:
    legacy.connection.execute(
        "INSERT INTO public.courses (course_id, name, steps) VALUES ('short', 'Short',"
        ' \'[{"number": 1, "name": "Only", "aliases": [], "completed_by": []}]\');'
        "WITH st AS (INSERT INTO public.students (student_email) VALUES ('a@b.c') RETURNING *)"
        " INSERT INTO public.sessions (session_token, student_id, course_id)"
        " SELECT 'token-a', student_id, 'short' FROM st"
    )
    legacy.put("student_configs", session_token="token-a", current_step=7, project_deployed=True)
    migrate(legacy, step_1=True, step_3=True)
    assert legacy.steps() == []
    assert legacy.session("completion_rate, current_step, exercises, project_deployed") == (
        0, 0, {"step-1": True, "step-3": True}, True,
    )  # fmt: skip
    assert [(field, text) for field, _, text in legacy.findings()] == [
        (f"exercises.step-{step}", "the session is of another course: kept in exercises")
        for step in (1, 3)
    ]
