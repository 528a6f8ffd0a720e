"""Reports and logs contain no secret and no e-mail, and columns contain no plain API key.

The texts that students wrote for their assistant are the exception: they stay unchanged.
"""

import json
from typing import Any

import pytest

from lib.legacy.report import report
from tests.legacy.legacy_database import Legacy

SECRET = "sk-proj-0123456789abcdefABCDEF_{}"
EMAIL = "ann@example.com"
TOKEN = "ws_1736150400000_" + "0a1b" * 16
SHORT_FIELDS = [
    "student_name", "call_direction", "selected_phone_number", "tts_provider", "selected_voice",
    "websocket_url", "codespace_url", "github_repo_url", "railway_url",
]  # fmt: skip
AUTHORED_TEXTS = ["system_prompt", "ivr_greeting", "use_case_description"]


def stored_text(legacy: Legacy) -> str:
    """Return every row of the unified tables and of the schema `legacy`, as text."""
    tables = legacy.rows(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
        "WHERE tablename IN ('students', 'sessions', 'step_progress', 'events') "
        "AND schemaname = 'public' OR schemaname = 'legacy'"
    )
    return "\n".join(
        text for table in tables for text in legacy.rows(f"SELECT t::text FROM {table} AS t")
    )


def plant_keys(legacy: Legacy) -> list[str]:
    """Put API keys, all different, into fields of every kind but AUTHORED_TEXTS; return them."""
    secrets = [SECRET.format(number) for number in range(40)]
    unused = iter(secrets)
    exercises: list[Any] = [
        {next(unused): True},
        {next(unused): True, next(unused): 7},
        {"step-1": {"completed": True, "note": next(unused), "list": [f"Bearer {next(unused)}"]}},
        {"step-2": next(unused)},
        {"step-3": f"line\n{next(unused)}\u0001{next(unused)}"},
        next(unused),
        [next(unused)],
        json.dumps({next(unused): {"timeSpent": next(unused)}}),
        json.dumps({"step-1": {"timeSpent": next(unused), "timestamp": next(unused)}}),
    ]
    for number, value in enumerate(exercises):
        legacy.put(
            "workshop_students", session_token=f"token-{number}", exercises=json.dumps(value)
        )
    for column in ("tools", "voice_settings", "bug_reports"):
        legacy.put(
            "workshop_students", session_token=column, **{column: json.dumps(f"no {next(unused)}")}
        )
    legacy.put(
        "workshop_students",
        session_token="bugs",
        bug_reports=json.dumps([{"errorMessage": f"Incorrect API key: {next(unused)}."}]),
    )
    for column in SHORT_FIELDS:
        legacy.put("student_configs", session_token=column, **{column: f" {next(unused)} "})
    legacy.put("student_configs", session_token="email", student_email=next(unused))
    legacy.put(
        "workshop_sessions", session_id="login", student_id=next(unused), account_sid=next(unused)
    )
    legacy.put("workshop_students", session_token="key", openai_api_key=f"{next(unused)}\n")
    unplanted = set(unused)
    return [secret for secret in secrets if secret not in unplanted]


def test_api_keys_are_nowhere_in_plain_text(
    legacy: Legacy, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = plant_keys(legacy)
    run = legacy.run()
    assert run.verified
    report_text = report(run, legacy.deps).model_dump_json()
    log_text = "".join(capfd.readouterr())
    for text in (stored_text(legacy), report_text, log_text):
        assert [secret for secret in secrets if secret in text] == []
    reasons = {(field, reason) for field, _, reason in legacy.findings()}
    replaced = "contained an API key or another secret: replaced"
    changed_fields = {field for field, reason in reasons if reason == replaced}
    assert changed_fields == {*SHORT_FIELDS, "exercises", "bug_reports", "account_sid"}


def test_api_keys_as_names_of_exercises_stay_different(legacy: Legacy) -> None:
    legacy.put(
        "workshop_students",
        session_token="token-a",
        exercises=json.dumps({SECRET.format(1): 1, SECRET.format(11): 11}),
    )
    legacy.run()
    exercises = legacy.session("exercises")
    assert sorted(exercises.values()) == [1, 11]
    assert all(key.startswith("[API key ") for key in exercises)
    unified_before = legacy.unified()
    legacy.run()
    assert legacy.unified() == unified_before


@pytest.mark.parametrize("column", AUTHORED_TEXTS)
def test_texts_that_students_wrote_for_their_assistant_stay(legacy: Legacy, column: str) -> None:
    text = f"Never say {SECRET}"
    tools = [{"name": "ask", "headers": {"Authorization": SECRET}}]
    legacy.put(
        "workshop_students", session_token="token-a", tools=json.dumps(tools), **{column: text}
    )
    legacy.run()
    assert legacy.session(f"{column}, tools") == (text, tools)


@pytest.mark.parametrize(
    "url", ["https://example.com/task-management-for-everybody-2", "https://x.io/desk-" + "a" * 30]
)
def test_words_that_end_in_sk_are_not_keys(legacy: Legacy, url: str) -> None:
    legacy.put("workshop_students", session_token="token-a", github_repo_url=url)
    legacy.run()
    assert legacy.session("github_repo_url") == url


@pytest.mark.parametrize(
    "name",
    [EMAIL, TOKEN, "token-a", SECRET, "sk-abcdefgh", "0f1e2d3c4b5a6978", "x" * 41, "Ann@b", "a\nb"],
)
@pytest.mark.parametrize("value", [True, 7, {"timeSpent": "soon"}])
def test_names_of_exercises_that_may_be_private_are_withheld(
    legacy: Legacy, name: str, value: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    legacy.put("workshop_students", session_token="token-a", exercises=json.dumps({name: value}))
    run = legacy.run()
    assert run.verified
    report_text = report(run, legacy.deps).model_dump_json() + "".join(capfd.readouterr())
    assert name not in report_text
    names = {field.split(".")[1] for field, _, _ in legacy.findings() if "." in field}
    assert names == {"(name withheld)"}


@pytest.mark.parametrize("name", ["step-12", "intro", "bonus-task", "Final Exam 2", "step_10"])
def test_ordinary_names_of_exercises_are_reported(legacy: Legacy, name: str) -> None:
    legacy.put("workshop_students", session_token="token-a", exercises=json.dumps({name: True}))
    legacy.run()
    assert [field for field, _, _ in legacy.findings()] == [f"exercises.{name}"]


def test_reports_contain_no_emails(legacy: Legacy, capfd: pytest.CaptureFixture[str]) -> None:
    legacy.put("workshop_students", session_token="token-a", student_email=f" {EMAIL.title()} ")
    legacy.put("workshop_students", student_email=EMAIL)
    run = legacy.run()
    report_text = report(run, legacy.deps).model_dump_json() + "".join(capfd.readouterr())
    findings = legacy.rows("SELECT f::text FROM legacy.migration_findings AS f")
    assert findings
    assert EMAIL not in (report_text + "".join(findings)).lower()
