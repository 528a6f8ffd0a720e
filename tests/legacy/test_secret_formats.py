"""Secrets of many providers are recognized by format; a migration stores none in plain text."""

import json

import pytest

from lib.legacy.report import report
from lib.text.redaction import FORMAT_MARKS, SECRET_FORMAT
from tests.legacy.legacy_database import Legacy
from tests.legacy.test_secrets import stored_text

HEX = "0123456789abcdef0123456789abcd"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIE{}abc/+=\n-----END RSA PRIVATE KEY-----"
FORMATS = [
    "sk-proj-{}aaaaaaaaaaaaaa", "AC{}" + HEX, "SK{}" + HEX, "AIza{}" + "B" * 33,
    "ya29.{}" + "c" * 24, "GOCSPX-{}" + "d" * 20, "ghp_{}" + "e" * 34, "github_pat_{}" + "f" * 30,
    "xoxb-{}-12345678901", "AKIA{}" + "Z" * 14, "sk_live_{}" + "g" * 20, "gsk_{}" + "h" * 20,
    "hf_{}" + "i" * 20, "SG.{}" + "j" * 16 + "." + "k" * 20,
    "eyJ{}" + "l" * 10 + ".eyJ" + "m" * 10 + ".n-" + "n" * 8,
]  # fmt: skip
TEXT_COLUMNS = (
    "student_name", "call_direction", "selected_voice", "websocket_url", "codespace_url",
    "github_repo_url", "railway_url",
)  # fmt: skip


@pytest.mark.parametrize("secret_format", FORMATS)
def test_a_secret_is_hidden_wherever_it_was_stored(legacy: Legacy, secret_format: str) -> None:
    for table in ("workshop_students", "student_configs"):
        legacy.connection.execute(f"ALTER TABLE public.{table} ADD notes JSONB".encode())
    secrets = [secret_format.format(number) for number in range(10, 25)]
    unused = iter(secrets)
    step = {"completed": True, "codeSubmitted": f"x = '{next(unused)}'\n{next(unused)}"}
    legacy.put(
        "workshop_students", session_token="token-a", student_email="ann@x.org",
        exercises=json.dumps({"step-1": step, next(unused): True}),
        bug_reports=json.dumps([{"text": f'"{next(unused)}"'}]),
        notes=json.dumps({"free": f"see {next(unused)}", "list": [next(unused)]}),
    )  # fmt: skip
    legacy.put("workshop_students", session_token="token-c", exercises=json.dumps(next(unused)))
    for column in TEXT_COLUMNS:
        text = {column: f"https://x.org/?a={next(unused)}"}
        legacy.put("student_configs", session_token=f"token-{column}", **text)
    run = legacy.run()
    assert run.verified
    planted_count = len(secrets) - len(list(unused))
    assert planted_count == 14
    all_text = stored_text(legacy) + report(run, legacy.deps).model_dump_json()
    assert [secret for secret in secrets if secret in all_text] == []
    assert legacy.steps() == [(1, 0, 0, True)]
    before = legacy.unified()
    assert legacy.run().verified
    assert legacy.unified() == before


def test_a_private_key_in_json_is_removed_and_the_json_stays_valid(legacy: Legacy) -> None:
    exercises = {"step-1": {"completed": True, "code": PEM.format("one"), "b": "after-it"}}
    nested = {"step-1": {"code": json.dumps({"k": PEM.format("two"), "b": "after-it"})}}
    legacy.put("workshop_students", session_token="token-a", exercises=json.dumps(exercises))
    legacy.put("workshop_students", session_token="token-b", exercises=json.dumps(nested))
    assert legacy.run().verified
    assert "MIIE" not in stored_text(legacy)
    assert legacy.session("exercises #>> '{step-1,b}'") == "after-it"
    migrated_code = json.loads(legacy.session("exercises #>> '{step-1,code}'", "token-b"))
    assert migrated_code["b"] == "after-it"


def test_account_of_a_login_without_an_email_is_not_stored_in_plain_text(legacy: Legacy) -> None:
    account = "AC10" + HEX
    legacy.put("workshop_sessions", session_id="token-a", student_id="7", account_sid=account)
    assert legacy.run().verified
    assert account not in stored_text(legacy)
    assert legacy.accounts() == [account]


@pytest.mark.parametrize(
    "text", ["AC" + HEX, "task-0123456789abcdef", "AC10" + HEX + "0", "sk-1234567", "ghp_short"]
)
def test_what_only_resembles_a_secret_stays(legacy: Legacy, text: str) -> None:
    legacy.run()  # creates the SQL functions
    assert legacy.one("SELECT legacy.without_secrets(%s)", text) == text


def test_encrypted_text_stays_whatever_it_looks_like(legacy: Legacy) -> None:
    legacy.run()  # creates the SQL functions
    sealed = f"v1.01234567.abcdefghijklmnop.abc-sk-{'x' * 20}_hf_{'y' * 30}"
    assert legacy.one("SELECT legacy.without_secrets(%s)", f'"{sealed}"') == f'"{sealed}"'


def test_python_and_sql_have_the_same_patterns(legacy: Legacy) -> None:
    legacy.run()  # creates the SQL functions
    assert legacy.one("SELECT legacy.secret_format()") == SECRET_FORMAT
    for mark in FORMAT_MARKS:
        assert legacy.one("SELECT legacy.may_hold_secret(%s)", f"a{mark}b")
    assert not legacy.one("SELECT legacy.may_hold_secret('Say hello to the caller: SG, hf, sk')")


def test_a_secret_in_an_unknown_column_of_a_view_is_not_in_plain_text(legacy: Legacy) -> None:
    legacy.connection.execute("ALTER TABLE public.student_configs ADD auth_token TEXT")
    legacy.connection.execute("ALTER TABLE public.student_configs RENAME TO configs")
    legacy.connection.execute("CREATE VIEW public.student_configs AS SELECT * FROM public.configs")
    legacy.put("configs", session_token="token-a", auth_token="hush-hush")
    assert legacy.run().verified
    assert "hush-hush" not in stored_text(legacy)
