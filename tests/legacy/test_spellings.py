"""Values in unusual spellings are accepted; those that had to be repaired are reported."""

from typing import Any

import pytest

from tests.legacy.legacy_database import Legacy
from tests.legacy.test_people import anonymous_email

JANUARY_6_2025 = 1_736_150_400_000
"""2025-01-06 08:00:00 UTC, in milliseconds."""


def put_exercise(legacy: Legacy, entry: Any) -> None:
    legacy.put("workshop_students", session_token="token-a", exercises=f'{{"step-1": {entry}}}')


@pytest.mark.parametrize(
    "value",
    ["true", '"TRUE"', '"yes"', '"t"', '"1"', "2", "1.5", '" Yes "', '"\u3000true"', '"Done"',
     '"a dentist\'s receptionist"'],
)  # fmt: skip
def test_every_value_that_reads_as_true_completes_a_step(legacy: Legacy, value: str) -> None:
    """Pages judge such values in the same way: any text counts, unless blank or meaning false."""
    put_exercise(legacy, f'{{"completed": {value}, "attempts": 1}}')
    assert legacy.run().verified
    assert legacy.steps() == [(1, 0, 1, True)]
    assert [finding[0] for finding in legacy.findings()] == (
        [] if value == "true" else ["exercises.step-1.completed"]
    )


@pytest.mark.parametrize(
    "value",
    ["false", "null", '"FALSE"', '"no"', '"f"', '"0"', "0", '""', '" "', '"undefined"', "{}", "[]"],
)
def test_every_value_that_reads_as_false_leaves_a_step_open(legacy: Legacy, value: str) -> None:
    put_exercise(legacy, f'{{"completed": {value}, "attempts": 1}}')
    assert legacy.run().verified
    assert legacy.steps() == [(1, 0, 1, False)]


@pytest.mark.parametrize("entry", ["true", '"yes"', '"TRUE"', "1", '"true"'])
def test_a_bare_value_that_reads_as_true_completes_a_step(legacy: Legacy, entry: str) -> None:
    put_exercise(legacy, entry)
    assert legacy.run().verified
    assert legacy.steps() == [(1, 0, 0, True)]


@pytest.mark.parametrize("newer", ['{"attempts": 1}', "false"])
@pytest.mark.parametrize(
    ("older", "passed"),
    [
        ("7", True),
        ('"done"', True),
        ('"{\\"completed\\": \\"yes\\"}"', True),
        ("0", False),
        ('"later perhaps"', False),
        ('"{\\"completed\\": false}"', False),
    ],
)
def test_a_bare_value_of_an_older_row_keeps_its_meaning(
    legacy: Legacy, older: str, newer: str, passed: bool
) -> None:
    """A bare text counts only if it means true, unlike a text in `completed`."""
    for day, entry in enumerate([older, newer], start=1):
        legacy.put(
            "workshop_students",
            session_token="token-a",
            exercises=f'{{"step-1": {entry}}}',
            last_activity=f"2025-01-0{day}",
        )
    assert legacy.run().verified
    assert [step[3] for step in legacy.steps() if step[3]] == [True] * passed


def test_completed_in_any_spelling_survives_a_newer_row(legacy: Legacy) -> None:
    legacy.put(
        "workshop_students",
        session_token="token-a",
        exercises='{"step-1": {"completed": "yes"}}',
        last_activity="2025-01-01",
    )
    legacy.put(
        "workshop_students",
        session_token="token-a",
        exercises='{"step-1": {"completed": false, "attempts": 1}}',
        last_activity="2025-01-02",
    )
    assert legacy.run().verified
    assert legacy.steps() == [(1, 0, 1, True)]


@pytest.mark.parametrize(
    "time",
    [str(JANUARY_6_2025), f'"{JANUARY_6_2025}"', str(JANUARY_6_2025 // 1000), f"{JANUARY_6_2025}.0",
     '"Mon, 06 Jan 2025 08:00:00 GMT"'],
)  # fmt: skip
def test_times_may_be_milliseconds_seconds_or_http_dates(legacy: Legacy, time: str) -> None:
    put_exercise(legacy, f'{{"completed": true, "timestamp": {time}}}')
    assert legacy.run().verified
    completed_at = "SELECT completed_at::text FROM public.step_progress"
    assert legacy.one(completed_at) == "2025-01-06 08:00:00+00"


@pytest.mark.parametrize("type_name", ["BIGINT", "TEXT", "NUMERIC"])
def test_columns_of_milliseconds_are_times(legacy: Legacy, type_name: str) -> None:
    legacy.connection.execute(
        "ALTER TABLE public.workshop_students DROP COLUMN last_activity, "
        f"ADD COLUMN last_activity {type_name}".encode()
    )
    legacy.put("workshop_students", session_token="token-a", last_activity=JANUARY_6_2025)
    assert legacy.run().verified
    assert legacy.session("last_activity::text") == "2025-01-06 08:00:00+00"
    assert legacy.findings() == []


def test_a_number_that_is_not_0_is_a_true_flag(legacy: Legacy) -> None:
    legacy.retype("student_configs", "services_ready", "TEXT")
    legacy.put("student_configs", session_token="token-a", services_ready="2")
    assert legacy.run().verified
    assert legacy.session("services_ready, completion_rate") == (True, 11)


@pytest.mark.parametrize("text", ["null", "undefined", "n/a", "none", "-", "Ann", "@", "a@b@c"])
@pytest.mark.parametrize("table", ["workshop_students", "student_configs"])
def test_each_text_that_is_not_an_email_makes_an_anonymous_student(
    legacy: Legacy, table: str, text: str
) -> None:
    for token in ("token-a", "token-b"):
        legacy.put(table, session_token=token, student_email=text)
    assert legacy.run().verified
    emails = legacy.rows("SELECT student_email FROM public.students ORDER BY 1")
    assert emails == sorted(map(anonymous_email, ("token-a", "token-b")))
    assert legacy.session(f"exercises #>> '{{_legacy,{table},student_email}}'") == text
    assert {(field, outcome) for field, outcome, _ in legacy.findings()} == {
        ("student_email", "kept raw")
    }


@pytest.mark.parametrize(
    "text",
    ["\u3000Ann@X.org\u3000", "ann@x.org\u200b", "Ann <ann@x.org>", "mailto:ann@x.org",
     "<mailto:Ann@x.org>", "\ufeffann@x.org", "a\u00adnn@x.org"],
)  # fmt: skip
def test_every_spelling_of_an_email_is_one_person(legacy: Legacy, text: str) -> None:
    legacy.put("workshop_students", session_token="token-a", student_email="ann@x.org")
    legacy.put("student_configs", session_token="token-b", student_email=text)
    legacy.put("workshop_sessions", session_id="token-c", student_id=text)
    assert legacy.run().verified
    assert legacy.rows("SELECT student_email FROM public.students") == ["ann@x.org"]
    assert len(legacy.findings()) == 2
    assert legacy.one("SELECT older_rows FROM public.remove_student(%s)", text) == 3


def test_several_people_under_one_token_stay_several_people(legacy: Legacy) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token | student_email | last_activity
        undefined     | ann@x.org     | 2025-01-01
        undefined     | ben@x.org     | 2025-01-02
        """,
    )
    legacy.put("student_configs", session_token="undefined", student_email="cleo@x.org")
    assert legacy.run().verified
    people = legacy.rows("SELECT student_email FROM public.students ORDER BY 1")
    assert people == ["ann@x.org", "ben@x.org", "cleo@x.org"]
    assert legacy.rows("SELECT student_email FROM public.sessions JOIN public.students"
                       " USING (student_id) ORDER BY 1") == people  # fmt: skip
    assert legacy.one("SELECT count(*) FROM public.sessions WHERE session_token = 'undefined'") == 0
    reason = (
        "3 people have this token: this person has a session of their own, which only the e-mail"
        " or the student's id finds"
    )
    assert legacy.findings() == 3 * [("session_token", "mended", reason)]


@pytest.mark.parametrize(("length", "findings"), [(200, 0), (201, 1)])
def test_a_token_that_no_endpoint_takes_is_reported(
    legacy: Legacy, length: int, findings: int
) -> None:
    legacy.put("workshop_students", session_token=length * "t")
    assert legacy.run().verified
    assert len(legacy.findings()) == findings
