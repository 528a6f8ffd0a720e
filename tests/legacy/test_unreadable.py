"""Values that are unparseable or implausible are read as null, kept raw, and reported."""

import json
from typing import Any

import pytest

from tests.foundation.test_vault import old_format
from tests.legacy.legacy_database import Legacy

NO_DATE = "not a plausible date: read as null, kept in exercises"
NO_NUMBER = "not a number in range: read as null, kept in exercises"
NO_FLAG = "neither true nor false: read as null, kept in exercises"
IMPLAUSIBLE_DATE = "before 2000 or after now: read as null"


def raw_values(legacy: Legacy, table: str = "workshop_students", token: str = "token-a") -> Any:
    return legacy.session(f"exercises #> '{{_legacy,{table}}}'", token)


@pytest.mark.parametrize(
    "moment",
    ["2999-01-01", "infinity", "-infinity", "1970-01-01", "0001-01-01 BC", "20000-01-01"],
)
@pytest.mark.parametrize("column_type", ["TIMESTAMP", "TIMESTAMPTZ", "TEXT", "DATE"])
def test_implausible_times_are_read_as_null(legacy: Legacy, moment: str, column_type: str) -> None:
    for column in ("last_activity", "created_at"):
        legacy.retype("workshop_students", column, column_type)
    legacy.put(
        "workshop_students",
        session_token="token-a",
        last_activity=moment,
        created_at=moment,
        started_at="2025-01-01",
        student_email="ann@example.com",
    )
    assert legacy.run().verified
    assert legacy.session("last_activity::date::text, created_at::date::text") == (
        ("2025-01-01",) * 2
    )
    assert legacy.one("SELECT created_at::date::text FROM public.students") == "2025-01-01"
    assert set(raw_values(legacy)) == {"created_at", "last_activity"}
    assert legacy.findings() == [
        ("created_at", "kept raw", NO_DATE),
        ("last_activity", "kept raw", NO_DATE),
    ]


def test_a_row_with_a_date_in_the_future_does_not_override_later_changes(legacy: Legacy) -> None:
    legacy.put(
        "student_configs", session_token="token-a", tts_provider="old", updated_at="2999-01-01"
    )
    legacy.run()
    legacy.connection.execute("UPDATE public.sessions SET tts_provider = 'page'")
    assert legacy.run().verified
    assert legacy.session("tts_provider") == "page"


def test_clocks_may_differ_by_minutes(legacy: Legacy) -> None:
    soon = legacy.one("SELECT (now() + INTERVAL '5 minutes')::timestamp::text")
    legacy.put("workshop_students", session_token="token-a", last_activity=soon)
    assert legacy.run().verified
    assert legacy.session("last_activity::timestamp::text") == soon
    assert legacy.findings() == []


@pytest.mark.parametrize("column_type", ["TIMESTAMP", "TEXT"])
def test_a_session_may_expire_later_but_not_in_a_year_of_five_digits(
    legacy: Legacy, column_type: str
) -> None:
    legacy.retype("workshop_sessions", "expires_at", column_type)
    for token, moment in (("token-a", "2099-01-01"), ("token-b", "20000-01-01")):
        legacy.put("workshop_sessions", session_id=token, student_id="a@b.c", expires_at=moment)
    assert legacy.run().verified
    assert legacy.session("expires_at::date::text") == "2099-01-01"
    assert legacy.session("expires_at < now() + INTERVAL '25 hours'", "token-b") is True
    assert legacy.findings() == [("expires_at", "kept raw", NO_DATE)]


@pytest.mark.parametrize("moment", ["2999-01-01T10:00:00Z", "1970-01-01T00:00:00Z"])
def test_implausible_times_of_exercises_are_read_as_null(legacy: Legacy, moment: str) -> None:
    entry = {"completed": True, "timestamp": moment, "lastAttempt": moment, "timeSpent": 1}
    legacy.put(
        "workshop_students",
        session_token="token-a",
        started_at="2025-01-01",
        exercises=json.dumps({"step-1": entry}),
    )
    assert legacy.run().verified
    assert legacy.one("SELECT completed_at, started_at::date::text FROM public.step_progress") == (
        None,
        "2025-01-01",
    )
    assert legacy.session("exercises") == {"step-1": entry}
    assert {(outcome, reason) for _, outcome, reason in legacy.findings()} == {
        ("mended", IMPLAUSIBLE_DATE)
    }


@pytest.mark.parametrize(
    ("column", "column_type", "value", "reason"),
    [
        ("total_time_spent", "TEXT", "ten minutes", NO_NUMBER),
        ("total_time_spent", "BIGINT", "99999999999", NO_NUMBER),
        ("total_time_spent", "NUMERIC", "NaN", NO_NUMBER),
        ("total_time_spent", "INTERVAL", "01:00:00", NO_NUMBER),
        ("current_step", "DOUBLE PRECISION", "Infinity", NO_NUMBER),
        ("current_step", "VARCHAR(20)", "step four", NO_NUMBER),
        ("completion_rate", "TEXT", "nearly all", NO_NUMBER),
        ("demo_mode", "TEXT", "perhaps", NO_FLAG),
        ("repo_created", "TEXT", "seven", NO_FLAG),
        ("last_activity", "TEXT", "yesterday", NO_DATE),
        ("created_at", "BIGINT", "17361504", NO_DATE),
    ],
)
def test_unreadable_values_of_columns_of_other_types_are_kept_and_reported(
    legacy: Legacy, column: str, column_type: str, value: str, reason: str
) -> None:
    legacy.retype("workshop_students", column, column_type)
    legacy.put("workshop_students", session_token="token-a", **{column: value})
    assert legacy.run().verified
    assert raw_values(legacy) == {column: value}
    assert legacy.findings() == [(column, "kept raw", reason)]


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_blank_text_in_a_column_of_text_is_not_reported(legacy: Legacy, blank: str | None) -> None:
    for column in ("total_time_spent", "completion_rate", "last_activity", "demo_mode"):
        legacy.retype("workshop_students", column, "TEXT")
    legacy.put(
        "workshop_students",
        session_token="token-a",
        total_time_spent=blank,
        completion_rate=blank,
        last_activity=blank,
        demo_mode=blank,
    )
    assert legacy.run().verified
    assert legacy.findings() == []
    assert legacy.session("exercises") == {}


def test_findings_about_logins_use_the_column_names_of_their_table(legacy: Legacy) -> None:
    legacy.retype("workshop_sessions", "is_demo_mode", "TEXT")
    legacy.put(
        "workshop_sessions", session_id="token-a", student_id="a@b.c", is_demo_mode="perhaps"
    )
    assert legacy.run().verified
    assert raw_values(legacy, "workshop_sessions") == {"is_demo_mode": "perhaps"}
    assert legacy.findings() == [("is_demo_mode", "kept raw", NO_FLAG)]


def test_json_columns_of_other_types_are_read(legacy: Legacy) -> None:
    for column, column_type in (
        ("tools", "JSON"),
        ("bug_reports", "JSONB[]"),
        ("system_prompt", "JSONB"),
    ):
        legacy.retype("workshop_students", column, column_type)
    legacy.put("workshop_students", session_token="token-a", tools='["\\u0000"]')
    legacy.put("workshop_students", session_token="token-b", tools='["t"]', system_prompt='"Hi"')
    legacy.connection.execute(
        "UPDATE public.workshop_students SET bug_reports = ARRAY['{\"n\": 1}'::jsonb]"
    )
    assert legacy.run().verified
    assert legacy.session("tools, bug_reports, system_prompt", "token-b") == (
        ["t"],
        [{"n": 1}],
        "Hi",
    )
    assert raw_values(legacy) == {"tools": '["\\u0000"]'}


@pytest.mark.parametrize("table", ["workshop_students", "student_configs", "workshop_sessions"])
def test_a_token_too_long_for_an_index_stays_and_the_others_are_migrated(
    legacy: Legacy, table: str
) -> None:
    column = "session_id" if table == "workshop_sessions" else "session_token"
    if table == "student_configs":
        legacy.connection.execute(
            "ALTER TABLE public.student_configs DROP CONSTRAINT student_configs_pkey"
        )
    longest = legacy.one("SELECT string_agg(md5(n::text), '') FROM generate_series(1, 82) AS n")
    for token in (longest + "x" * 8000, longest[:2600], "token-a"):
        legacy.put(table, **{column: token})
    run = legacy.run()
    assert run.verified
    assert set(legacy.rows("SELECT session_token FROM public.sessions")) == {
        longest[:2600],
        "token-a",
    }
    assert run.counts[f"{table}.skipped"] == 1
    # The first finding says that the token of 2,600 bytes is too long for the endpoints.
    assert legacy.findings()[1:] == [
        (
            column,
            "skipped",
            "a session token of more than 2,600 bytes: the row stays in its table",
        )
    ]


def test_an_email_too_long_for_an_index_is_kept_raw(legacy: Legacy) -> None:
    email = legacy.one(
        "SELECT string_agg(md5(n::text), '') || '@b.c' FROM generate_series(1, 99) AS n"
    )
    legacy.put("workshop_students", session_token="token-a", student_email=email)
    assert legacy.run().verified
    assert raw_values(legacy) == {"student_email": email}
    assert [(field, outcome) for field, outcome, _ in legacy.findings()] == [
        ("student_email", "kept raw")
    ]


def test_raw_values_of_every_row_are_kept_newest_first(legacy: Legacy) -> None:
    for day, value in enumerate(['"no json {"', "42", '"no json {"', "[1]"], start=1):
        legacy.put(
            "workshop_students",
            session_token="token-a",
            last_activity=f"2025-01-0{day}",
            exercises=value,
        )
    assert legacy.run().verified
    older_values = [{"exercises": [1]}, {"exercises": "no json {"}, {"exercises": 42}]
    assert raw_values(legacy) == older_values
    legacy.put("workshop_students", session_token="token-a", exercises="43")
    assert legacy.run().verified
    assert raw_values(legacy) == [*older_values, {"exercises": 43}]


def test_exercises_that_a_newer_row_overrides_are_kept(legacy: Legacy) -> None:
    for day, value in enumerate([{"timeSpent": "ten minutes"}, 7, {"timeSpent": 5}], start=1):
        legacy.put(
            "workshop_students",
            session_token="token-a",
            last_activity=f"2025-01-0{day}",
            exercises=json.dumps({"step-1": value}),
        )
    assert legacy.run().verified
    assert legacy.session("exercises -> 'step-1'") == {"timeSpent": 5, "completed": True}
    assert raw_values(legacy) == [
        {"exercises": {"step-1": 7}},
        {"exercises": {"step-1": {"timeSpent": "ten minutes"}}},
    ]


KEY = bytes.fromhex("0123456789abcdef" * 4)


@pytest.mark.parametrize("around", ["{}", " {} ", "{}\n", "\r\n{}\t", "\u00a0{}"])
@pytest.mark.parametrize("alphabet", ["padded", "unpadded", "urlsafe"])
def test_keys_of_the_old_format_are_recognized_in_any_spelling(
    legacy: Legacy, around: str, alphabet: str
) -> None:
    for number in range(8):
        text = old_format(f"sk-old-{number}", KEY)
        if alphabet != "padded":
            text = text.replace("=", "")
        if alphabet == "urlsafe":
            text = text.replace("+", "-").replace("/", "_")
        legacy.put(
            "workshop_students",
            session_token=f"token-{number}",
            openai_api_key=around.format(text),
        )
    run = legacy.run()
    assert run.verified
    assert run.counts["keys.sealed"] == 0
    assert [legacy.key(f"token-{number}") for number in range(8)] == [
        f"sk-old-{number}" for number in range(8)
    ]


@pytest.mark.parametrize("key", ["sk-plain", " sk-plain\n", "\tsk-plain\r\n"])
def test_spaces_around_a_plain_key_are_removed(legacy: Legacy, key: str) -> None:
    legacy.put("workshop_students", session_token="token-a", openai_api_key=key)
    legacy.put("workshop_students", session_token="token-b", openai_api_key=" \r\n")
    assert legacy.run().verified
    assert (legacy.key(), legacy.key("token-b")) == ("sk-plain", None)


def test_a_finding_names_the_column_that_its_table_has(legacy: Legacy) -> None:
    legacy.put("workshop_sessions", session_id="token-a", student_id=" Ann@Example.com ")
    legacy.put("workshop_sessions", session_id=" ", student_id="bob@example.com")
    legacy.put("student_configs", session_token="token-b", student_email=" Ann@Example.com ")
    legacy.run()
    fields = legacy.rows("SELECT source, field FROM legacy.migration_findings ORDER BY 1, 2")
    assert fields == [
        ("student_configs", "student_email"),
        ("workshop_sessions", "session_id"),
        ("workshop_sessions", "student_id"),
    ]
