"""Columns that the schema does not have are kept and reported, and camel case is accepted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import pytest

from lib.deps import Deps
from lib.legacy.report import report
from lib.operations.keys.rotation import rotate
from lib.settings import Settings
from lib.vault import LEGACY_FIELD, Vault
from tests.foundation.test_vault import old_format
from tests.legacy.legacy_database import Legacy

KEPT_REASON = "a column that the schema does not have: kept in exercises"
SID = "AC" + 32 * "1"


def kept_values(legacy: Legacy, table: str = "workshop_students", token: str = "token-a") -> Any:
    return legacy.session(f"exercises #> '{{_legacy,{table}}}'", token)


def add_column(legacy: Legacy, table: str, definition: str) -> None:
    legacy.connection.execute(f"ALTER TABLE public.{table} ADD COLUMN {definition}".encode())


def decrypt(legacy: Legacy, text: str, token: str = "token-a") -> str:
    return Vault.from_settings(legacy.deps.settings).open(text, token, LEGACY_FIELD)


def test_values_of_unknown_columns_of_any_type_are_kept_and_reported(legacy: Legacy) -> None:
    for definition in (
        "instructor_notes TEXT",
        "ai_temperature NUMERIC",
        "conversation_states JSONB",
        '"Shoe Size" INTEGER[]',
        "raw_json JSON",
    ):
        add_column(legacy, "workshop_students", definition)
    states = {"a": None, "b": [1, {"c": None}]}
    legacy.put(
        "workshop_students",
        session_token="token-a",
        instructor_notes="late twice",
        ai_temperature="0.70",
        conversation_states='{"a": null, "b": [1, {"c": null}]}',
        raw_json='"\\u0000"',
        **{"Shoe Size": [4, 2]},
    )
    assert legacy.run().verified
    assert kept_values(legacy) == {
        "instructor_notes": "late twice",
        "ai_temperature": 0.7,
        "conversation_states": states,
        "Shoe Size": [4, 2],
        "raw_json": '"\\u0000"',
    }
    assert legacy.findings() == [
        (name, "kept raw", KEPT_REASON)
        for name in (
            "Shoe Size", "ai_temperature", "conversation_states", "instructor_notes", "raw_json",
        )
    ]  # fmt: skip


def test_more_unknown_columns_than_a_function_takes_arguments_are_kept(legacy: Legacy) -> None:
    names = [f"extra_{number}" for number in range(120)]
    for name in names:
        add_column(legacy, "student_configs", f"{name} TEXT DEFAULT 'x'")
    legacy.put("student_configs", session_token="token-a")
    assert legacy.run().verified
    assert kept_values(legacy, "student_configs") == dict.fromkeys(names, "x")


def test_values_in_unknown_columns_of_every_row_of_a_token_are_kept(legacy: Legacy) -> None:
    add_column(legacy, "workshop_students", "notes TEXT")
    legacy.add(
        "workshop_students",
        """
        session_token | notes | last_activity
        token-a       | old   | 2025-01-01
        token-a       | new   | 2025-01-02
        """,
    )
    assert legacy.run().verified
    assert kept_values(legacy) == [{"notes": "new"}, {"notes": "old"}]
    second_run = legacy.run()
    assert second_run.verified
    assert second_run.counts["sessions.unchanged"] == 1


def test_run_that_lost_a_kept_value_is_not_verified(legacy: Legacy) -> None:
    add_column(legacy, "workshop_students", "notes TEXT")
    legacy.put("workshop_students", session_token="token-a", notes="kept")
    legacy.connection.execute(
        "CREATE FUNCTION public.forget() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.exercises := NEW.exercises - '_legacy'; RETURN NEW; END $$"
    )
    legacy.connection.execute(
        "CREATE TRIGGER forget BEFORE INSERT OR UPDATE ON public.sessions "
        "FOR EACH ROW EXECUTE FUNCTION public.forget()"
    )
    run = legacy.run()
    assert not run.verified
    assert run.counts["lost.values_lost"] == 1


def test_secrets_in_unknown_columns_are_sealed_by_name_and_by_format(legacy: Legacy) -> None:
    for definition in (
        "twilio_auth_token TEXT",
        "apiKeySecret TEXT",
        "settings JSONB",
        "memo TEXT",
    ):
        add_column(legacy, "student_configs", definition)
    google = "AIza" + 35 * "x"
    legacy.put(
        "student_configs",
        session_token="token-a",
        twilio_auth_token=32 * "0",
        apikeysecret="hush",
        settings='{"auth": {"password": 1234}, "model": "m"}',
        memo=f"mine is {google}",
    )
    assert legacy.run().verified
    values = kept_values(legacy, "student_configs")
    assert decrypt(legacy, values["twilio_auth_token"]) == 32 * "0"
    assert decrypt(legacy, values["apikeysecret"]) == "hush"
    assert decrypt(legacy, values["settings"]["auth"]["password"]) == "1234"
    assert values["settings"]["model"] == "m"
    assert decrypt(legacy, values["memo"]) == f"mine is {google}"
    before = legacy.unified()
    second_run = legacy.run()
    assert second_run.verified
    assert legacy.unified() == before


def test_dry_and_real_run_have_the_same_checksums_of_sealed_values(legacy: Legacy) -> None:
    add_column(legacy, "student_configs", "auth_token TEXT")
    legacy.put("student_configs", session_token="token-a", auth_token="hush")
    dry = legacy.run(dry_run=True)
    real = legacy.run()
    name = "checksum.sessions.expected"
    assert dry.counts[name] == real.counts[name]


def test_github_names_and_accounts_are_stored_with_the_students(legacy: Legacy) -> None:
    for table in ("workshop_students", "student_configs"):
        add_column(legacy, table, "github_username TEXT")
        add_column(legacy, table, "twilio_account_sid TEXT")
    legacy.add(
        "workshop_students",
        f"""
        session_token | student_email | github_username | twilio_account_sid
        token-a       | ann@x.org     | ann-gh          | {SID}
        """,
    )
    legacy.add(
        "student_configs",
        """
        session_token | github_username
        token-b       | ben-gh
        """,
    )
    assert legacy.run().verified
    names = legacy.rows("SELECT github_username FROM public.students ORDER BY 1")
    assert names == ["ann-gh", "ben-gh"]
    assert legacy.accounts() == [SID]
    assert legacy.findings() == []


def test_a_second_github_name_of_a_person_is_reported(legacy: Legacy) -> None:
    add_column(legacy, "workshop_students", "github_username TEXT")
    legacy.add(
        "workshop_students",
        """
        session_token | student_email | github_username | last_activity
        token-a       | ann@x.org     | older           | 2025-01-01
        token-b       | ann@x.org     | newer           | 2025-01-02
        """,
    )
    assert legacy.run().verified
    assert legacy.rows("SELECT github_username FROM public.students") == ["newer"]
    reason = "the student has another GitHub name: this one stays in its table"
    assert legacy.findings() == [("github_username", "skipped", reason)]


def test_columns_in_camel_case_are_read_like_those_in_snake_case(legacy: Legacy) -> None:
    for column in legacy.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name = 'workshop_students' AND column_name LIKE %s", "%\\_%"
    ):  # fmt: skip
        first, *others = column.split("_")
        camel = first + "".join(part.capitalize() for part in others)
        legacy.connection.execute(
            f'ALTER TABLE public.workshop_students RENAME {column} TO "{camel}"'.encode()
        )
    legacy.put(
        "workshop_students",
        sessionToken="token-a",
        studentEmail="ann@x.org",
        systemPrompt="Be kind.",
        currentStep=4,
        openaiApiKey="sk-plain-key-of-ann-0123",
    )
    run = legacy.run()
    assert run.verified
    assert run.counts["sessions.created"] == 1
    assert legacy.session("system_prompt, current_step") == ("Be kind.", 4)
    assert legacy.key() == "sk-plain-key-of-ann-0123"
    assert legacy.rows("SELECT student_email FROM public.students") == ["ann@x.org"]
    removed_rows = legacy.one("SELECT older_rows FROM public.remove_student('ann@x.org')")
    assert removed_rows == 1
    assert legacy.one("SELECT count(*) FROM public.workshop_students") == 0


@pytest.fixture
def later_deps() -> Iterator[Callable[[Settings], Deps]]:
    """Function that returns dependencies with other settings; the fixture closes them."""
    with ExitStack() as stack:
        yield lambda settings: stack.enter_context(closing(Deps(settings)))


def test_rotation_seals_kept_secrets_with_the_new_key(
    legacy: Legacy, later_deps: Callable[[Settings], Deps]
) -> None:
    add_column(legacy, "student_configs", "auth_token TEXT")
    add_column(legacy, "student_configs", "api_key_secret TEXT")
    settings = legacy.deps.settings
    first_key = settings.encryption_key or ""
    legacy.put(
        "student_configs",
        session_token="token-a",
        auth_token="hush",
        api_key_secret=old_format("old", bytes.fromhex(first_key)),
    )
    legacy.run()
    new_settings = replace(
        settings, encryption_key="ab" * 32, encryption_key_previous=settings.encryption_key
    )
    with closing(Deps(new_settings)) as deps:
        rotation = rotate(deps)
    assert (rotation.rotated, rotation.unreadable, rotation.remaining) == (2, 0, 0)
    legacy.deps = later_deps(replace(new_settings, encryption_key_previous=None))
    values = kept_values(legacy, "student_configs")
    assert decrypt(legacy, values["auth_token"]) == "hush"
    assert decrypt(legacy, values["api_key_secret"]) == "old"
    before = legacy.unified()
    legacy.connection.execute("UPDATE public.student_configs SET api_key_secret = 'old'")
    assert legacy.run().verified
    assert legacy.unified() == before


def test_rotation_counts_kept_secrets_that_no_key_opens(legacy: Legacy) -> None:
    add_column(legacy, "student_configs", "auth_token TEXT")
    legacy.put("student_configs", session_token="token-a", auth_token="hush")
    legacy.run()
    with closing(Deps(replace(legacy.deps.settings, encryption_key="ab" * 32))) as deps:
        rotation = rotate(deps)
    assert (rotation.rotated, rotation.unreadable, rotation.remaining) == (0, 1, 0)


@pytest.mark.parametrize("table", ["archive.workshop_students", 'public."studentConfigs"'])
def test_the_report_names_a_table_that_was_not_read(bare: Legacy, table: str) -> None:
    bare.connection.execute("CREATE SCHEMA archive")
    bare.connection.execute(f"CREATE TABLE {table} (session_token TEXT)".encode())
    run_report = report(bare.run(), bare.deps)
    name = table.replace('"', "")
    assert run_report.message == f"Migration completed without reading {name}; see results"
    assert any(line.startswith(f"{name}: not read") for line in run_report.results)


def test_a_database_without_legacy_tables_is_reported_as_such(bare: Legacy) -> None:
    message = report(bare.run(), bare.deps).message
    assert message == "Migration completed: there is no legacy table in the schema public"
