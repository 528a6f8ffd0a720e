"""The session that the rows of one token are merged into."""

import json

import pytest

from tests.conftest import ENCRYPTION_KEY
from tests.foundation.test_vault import old_format
from tests.legacy.legacy_database import Legacy

FLAGS = [
    "twilio_connected", "openai_connected", "call_direction_chosen", "services_ready",
    "step4_code_validated", "step4_committed", "step4_deployed",
    "step5_code_validated", "step5_committed", "step5_deployed",
    "step6_code_validated", "step6_committed", "step6_deployed",
    "system_prompt_saved", "step7_committed", "step7_deployed", "tools_configured",
    "step8_code_validated", "step8_committed", "step8_deployed", "project_deployed",
]  # fmt: skip
TEXTS = [
    "use_case_description", "call_direction", "selected_phone_number", "tts_provider",
    "selected_voice", "system_prompt", "ivr_greeting", "websocket_url", "codespace_url",
    "github_repo_url", "railway_url",
]  # fmt: skip


def test_each_field_comes_from_the_newest_row_that_has_a_value(legacy: Legacy) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token | last_activity | tts_provider | selected_voice | call_direction
        token-a       | 2025-01-01    | old          | old            | old
        token-a       | 2025-01-03    | new          | -              | ""
        token-a       | 2025-01-02    | middle       | middle         | -
        """,
    )
    run = legacy.run()
    assert run.verified
    assert legacy.session("tts_provider, selected_voice, call_direction") == (
        "new",
        "middle",
        "old",
    )
    assert (run.counts["workshop_students.created"], run.counts["workshop_students.merged"]) == (
        1,
        2,
    )


def test_texts_of_the_configuration_win_but_the_greatest_step_counts(legacy: Legacy) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token | last_activity | tts_provider | selected_voice | current_step
        token-a       | 2025-01-09    | student      | student        | 5
        """,
    )
    legacy.add(
        "student_configs",
        """
        session_token | updated_at | tts_provider | selected_voice | current_step
        token-a       | 2025-01-01 | config       | -              | 3
        """,
    )
    assert legacy.run().verified
    assert legacy.session(
        "tts_provider, selected_voice, current_step, last_activity::date::text"
    ) == ("config", "student", 5, "2025-01-09")


def test_a_flag_once_true_stays_true(legacy: Legacy) -> None:
    legacy.connection.execute(
        "ALTER TABLE public.student_configs DROP CONSTRAINT student_configs_pkey"
    )
    for flag in FLAGS:
        for day, value in ((1, True), (2, False), (3, None)):
            legacy.put(
                "student_configs", session_token=flag, updated_at=f"2025-01-0{day}", **{flag: value}
            )
    assert legacy.run().verified
    for flag in FLAGS:
        assert legacy.session(f"ARRAY[{', '.join(FLAGS)}]", flag) == [
            other == flag for other in FLAGS
        ]


@pytest.mark.parametrize("table", ["workshop_students", "student_configs"])
def test_each_text_arrives_unchanged(bare: Legacy, table: str) -> None:
    columns = [*TEXTS, "ci_service_sid"]
    definitions = ", ".join(f"{column} VARCHAR(90)" for column in columns)
    bare.connection.execute(
        f"CREATE TABLE public.{table} (session_token TEXT, {definitions})".encode()
    )
    for column in columns:
        bare.put(table, session_token=column, **{column: f"“{column}”\n"})
    assert bare.run().verified
    for column in columns:
        assert bare.session(f"ARRAY[{', '.join(columns)}]", column) == [
            f"“{column}”\n" if other == column else None for other in columns
        ]


def test_tables_with_a_single_column_are_migrated(bare: Legacy) -> None:
    bare.connection.execute("CREATE TABLE public.workshop_students (session_token TEXT)")
    bare.put("workshop_students", session_token="token-a")
    run = bare.run()
    assert run.verified
    assert run.sources == {
        "workshop_students": 1,
        "student_configs": None,
        "workshop_sessions": None,
    }
    assert bare.session("tools, voice_settings, bug_reports, exercises, current_step") == (
        [],
        {},
        [],
        {},
        0,
    )


def test_columns_of_other_types_are_read(bare: Legacy) -> None:
    bare.connection.execute(
        "CREATE TABLE public.workshop_students (session_token VARCHAR(99), current_step TEXT, "
        "demo_mode TEXT, tools TEXT, last_activity TEXT, created_at TIMESTAMPTZ, "
        "total_time_spent NUMERIC, exercises JSON, started_at DATE)"
    )
    bare.put(
        "workshop_students",
        session_token="token-a",
        current_step=" 4 ",
        demo_mode="yes",
        tools='[{"name": "t"}]',
        last_activity="2025-01-02T10:00:00Z",
        created_at="2025-01-01T10:00:00+02:00",
        total_time_spent="12.6",
        exercises='{"step-1": true}',
        started_at="2025-01-01",
    )
    assert bare.run().verified
    assert bare.session(
        "current_step, demo_mode, tools, last_activity::text, created_at::text, total_time_spent"
    ) == (4, True, [{"name": "t"}], "2025-01-02 10:00:00+00", "2025-01-01 08:00:00+00", 13)
    assert bare.steps() == [(1, 0, 0, True)]


def test_timestamps_without_zone_mean_utc(legacy: Legacy) -> None:
    legacy.connection.execute("SET TimeZone = 'America/New_York'")
    legacy.put("workshop_students", session_token="token-a", last_activity="2025-07-01 12:00")
    legacy.run()
    assert legacy.session("last_activity AT TIME ZONE 'UTC' = '2025-07-01 12:00'") is True


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_json_inside_json_is_unwrapped(legacy: Legacy, depth: int) -> None:
    def wrapped(value: object) -> str:
        for _ in range(depth):
            value = json.dumps(value)
        return json.dumps(value)

    legacy.put(
        "workshop_students",
        session_token="token-a",
        exercises=wrapped({"step-1": {"completed": True, "timeSpent": 7}}),
        tools=wrapped([{"name": "t"}]),
        voice_settings=wrapped({"speed": 1}),
        bug_reports=wrapped([{"description": 'a "bug"'}]),
    )
    assert legacy.run().verified
    assert legacy.session("tools, voice_settings, bug_reports, exercises") == (
        [{"name": "t"}],
        {"speed": 1},
        [{"description": 'a "bug"'}],
        {"step-1": {"completed": True, "timeSpent": 7}},
    )
    assert legacy.steps() == [(1, 7, 0, True)]
    assert {reason for _, _, reason in legacy.findings()} == {
        "JSON inside a JSON string: unwrapped"
    }


@pytest.mark.parametrize(
    ("column", "raw"),
    [
        ("exercises", '"no json {"'),
        ("exercises", "[1, 2]"),
        ("tools", '{"name": "t"}'),
        ("voice_settings", "42"),
        ("bug_reports", '"\\"twice\\""'),
        ("tools", '"[\\"\\\\u0000\\"]"'),
    ],
)
def test_json_of_a_type_other_than_the_columns_is_kept_raw(
    legacy: Legacy, column: str, raw: str
) -> None:
    legacy.put("workshop_students", session_token="token-a", **{column: raw})
    assert legacy.run().verified
    raw_value = legacy.session(f"exercises #> '{{_legacy,workshop_students,{column}}}'")
    assert raw_value == json.loads(raw)
    ((field, outcome, _),) = legacy.findings()
    assert (field, outcome) == (column, "kept raw")


def test_bug_reports_of_all_rows_are_kept(legacy: Legacy) -> None:
    for day, report in enumerate(["first", "second", "first"], start=1):
        legacy.put(
            "workshop_students",
            session_token="token-a",
            last_activity=f"2025-01-0{day}",
            bug_reports=json.dumps([{"description": report}]),
        )
    legacy.run()
    reports = {report["description"] for report in legacy.session("bug_reports")}
    assert reports == {"first", "second"}


def test_plain_keys_are_encrypted_and_keys_of_the_old_format_stay_readable(legacy: Legacy) -> None:
    encrypted_key = old_format("sk-encrypted", bytes.fromhex(ENCRYPTION_KEY))
    legacy.put("workshop_students", session_token="token-a", openai_api_key="sk-plain")
    legacy.put("workshop_students", session_token="token-b", openai_api_key=encrypted_key)
    legacy.put("workshop_students", session_token="token-c", openai_api_key=" ")
    run = legacy.run()
    assert run.verified
    assert run.counts["keys.sealed"] == 1
    assert (legacy.key("token-a"), legacy.key("token-b"), legacy.key("token-c")) == (
        "sk-plain",
        "sk-encrypted",
        None,
    )
    sessions_text = str(legacy.rows("SELECT s::text FROM public.sessions AS s"))
    assert "sk-plain" not in sessions_text
    assert "sk-encrypted" not in sessions_text


def test_numbers_outside_their_range_are_repaired_and_reported(legacy: Legacy) -> None:
    legacy.put("workshop_students", session_token="token-a", current_step=12, total_time_spent=-5)
    legacy.put("workshop_students", session_token="token-b", current_step=-1)
    assert legacy.run().verified
    assert legacy.session("current_step, total_time_spent") == (9, 0)
    assert legacy.session("current_step", "token-b") == 0
    assert [(field, outcome) for field, outcome, _ in legacy.findings()] == [
        ("current_step", "mended"),
        ("current_step", "mended"),
        ("total_time_spent", "mended"),
    ]


def test_infinite_times_are_read_as_null(legacy: Legacy) -> None:
    legacy.put(
        "workshop_students",
        session_token="token-a",
        started_at="-infinity",
        last_activity="infinity",
        created_at="2025-01-01",
    )
    assert legacy.run().verified
    assert legacy.session("started_at::date::text, last_activity::date::text") == (
        "2025-01-01",
        "2025-01-01",
    )
