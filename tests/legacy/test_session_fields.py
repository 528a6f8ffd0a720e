"""Every column of a session has a rule or a reason to have none; a new column takes one line."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lib.database.queries import load_queries, load_script
from lib.legacy.session_fields import OTHER_COLUMNS, SESSION_FIELDS, SESSION_LISTS, Rule
from tests.legacy.legacy_database import Legacy

ROOT = Path(__file__).resolve().parents[2]
LEGACY_SQL = sorted((ROOT / "sql/legacy").rglob("*.sql"))
FLAGS = SESSION_LISTS["flags"]


def test_every_column_of_a_session_has_a_rule_or_a_reason(bare: Legacy) -> None:
    columns = bare.rows(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = 'sessions'"
    )
    assert sorted([*SESSION_FIELDS, *OTHER_COLUMNS]) == sorted(columns)


def test_every_column_has_the_type_of_its_rule(bare: Legacy) -> None:
    types = dict(
        bare.rows(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name = 'sessions'"
        )
    )
    expected = {
        "times": "timestamp with time zone",
        "counters": "integer",
        "computed": "integer",
        "booleans": "boolean",
        "all_texts": "text",
        "api_keys": "text",
        "json": "jsonb",
    }
    for list_name, type_name in expected.items():
        wrong_columns = [name for name in SESSION_LISTS[list_name] if types[name] != type_name]
        assert wrong_columns == [], (
            f"session_fields.py gives these columns a rule for the type {type_name}"
        )
    assert sum(len(SESSION_LISTS[name]) for name in expected) == len(SESSION_FIELDS)


@pytest.mark.parametrize("path", LEGACY_SQL, ids=lambda path: path.name)
def test_every_list_in_the_sql_of_the_migration_is_filled(path: Path) -> None:
    assert "{{" not in load_script(path.relative_to(ROOT / "sql").as_posix(), SESSION_LISTS)


@pytest.mark.parametrize("path", LEGACY_SQL, ids=lambda path: path.name)
def test_sql_does_not_list_the_columns_of_a_rule_by_hand(path: Path) -> None:
    """Two neighbouring columns, each before a comma, count as a list written by hand."""
    listed_by_hand = [
        (first, second)
        for rule in (Rule.TEXT, Rule.AUTHORED_TEXT, Rule.FLAG)
        for first, second in neighbours(rule)
        if f"{first}," in (text := path.read_text()) and f"{second}," in text
    ]
    assert listed_by_hand == []


def neighbours(rule: Rule) -> Iterator[tuple[str, str]]:
    return pairwise(SESSION_LISTS[rule.value])


def test_flags_complete_the_same_steps_as_in_the_workshop(legacy: Legacy) -> None:
    # One of FLAGS, although it belongs to no step; the legacy table lacks it.
    legacy.connection.execute("ALTER TABLE public.student_configs ADD COLUMN repo_created BOOLEAN")
    for flag in FLAGS:
        legacy.put("student_configs", session_token=f"only {flag}", **{flag: True})
        others = {other: other != flag for other in FLAGS}
        legacy.put("student_configs", session_token=f"not {flag}", **others)
    assert legacy.run().verified
    rows = legacy.rows(
        "SELECT session_token, current_step, completion_rate, "
        "coalesce((SELECT max(step) FROM unnest(public.flagged_steps(s)) AS step), 0), "
        "round(100.0 * cardinality(public.flagged_steps(s)) / 9)::integer FROM public.sessions AS s"
    )
    assert len(rows) == 2 * len(FLAGS)
    assert {token: row for token, *row in rows} == {
        token: [furthest, rate, furthest, rate] for token, _, _, furthest, rate in rows
    }


NEW_COLUMNS = {
    "note": ("TEXT", Rule.TEXT),
    "plan": ("TEXT", Rule.AUTHORED_TEXT),
    "badge_earned": ("BOOLEAN", Rule.FLAG),
    "newsletter": ("BOOLEAN", Rule.CHOICE),
    "retries": ("INTEGER", Rule.COUNTER),
    "invited_at": ("TIMESTAMPTZ", Rule.FIRST_TIME),
    "graded_at": ("TIMESTAMPTZ", Rule.LAST_TIME),
    "tags": ("JSONB", Rule.ARRAY_SETTING),
    "theme": ("JSONB", Rule.OBJECT_SETTING),
    "comments": ("JSONB", Rule.LOG),
}
"""A new column for each rule that several columns may have."""
MIGRATE = """
from lib.deps import Deps
from lib.legacy.migration import migrate
from lib.settings import Settings
run = migrate(Deps(Settings.from_env()), dry_run=False)
print(run.phase, run.verified)
"""


@pytest.fixture
def extended_code(legacy: Legacy, tmp_path: Path) -> Path:
    """A copy of the code with a line for each new column; the tables have the columns, too."""
    for folder in ("lib", "sql"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    module = tmp_path / "lib/legacy/session_fields.py"
    last_line = '    "exercises": Rule.EXERCISES,\n'
    new_lines = "".join(
        f'    "{name}": Rule.{rule.name},\n' for name, (_, rule) in NEW_COLUMNS.items()
    )
    text = module.read_text()
    assert text.count(last_line) == 1
    module.write_text(text.replace(last_line, last_line + new_lines))
    for name, (column_type, _) in NEW_COLUMNS.items():
        for table_name in ("sessions", "workshop_students", "student_configs"):
            legacy.connection.execute(
                f"ALTER TABLE public.{table_name} ADD COLUMN {name} {column_type}".encode()
            )
    return tmp_path


def migrate_with(code: Path, legacy: Legacy) -> str:
    settings = legacy.deps.settings
    environment = {
        **os.environ,
        "DATABASE_URL": settings.postgres_url or "",
        "ENCRYPTION_KEY": settings.encryption_key or "",
    }
    result = subprocess.run(
        [sys.executable, "-c", MIGRATE],
        cwd=code, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return result.stdout.strip()


def new_values(legacy: Legacy) -> dict[str, Any]:
    return dict(zip(NEW_COLUMNS, legacy.session(", ".join(NEW_COLUMNS)), strict=True))


def put(legacy: Legacy, table: str, updated_at: str, values: dict[str, Any]) -> None:
    """Insert a row of session token-a."""
    cells = {
        name: json.dumps(value) if isinstance(value, list | dict) else value
        for name, value in values.items()
    }
    legacy.put(table, session_token="token-a", updated_at=updated_at, **cells)


FIRST = {
    "note": "first", "plan": "mine", "badge_earned": True, "newsletter": True, "retries": 3,
    "invited_at": "2025-02-01Z", "graded_at": "2025-02-01Z",
    "tags": ["first"], "theme": {"dark": True}, "comments": [{"n": 1}],
}  # fmt: skip
SECOND = {
    "note": "second sk-0123456789abcdef0123", "badge_earned": False, "newsletter": False,
    "retries": 2, "invited_at": "2025-03-01Z", "graded_at": "2025-03-01Z",
    "tags": ["second"], "comments": [{"n": 2}],
}  # fmt: skip


def test_a_new_column_takes_one_line_and_follows_its_rule(
    legacy: Legacy, extended_code: Path
) -> None:
    put(legacy, "workshop_students", "2025-02-01", FIRST)
    assert migrate_with(extended_code, legacy) == "done True"
    migrated_values = new_values(legacy)
    assert [str(migrated_values.pop(name))[:10] for name in ("invited_at", "graded_at")] == [
        "2025-02-01"
    ] * 2
    assert migrated_values == {name: FIRST[name] for name in migrated_values}
    legacy.connection.execute("DELETE FROM public.workshop_students")
    put(legacy, "student_configs", "2025-03-01", SECOND)
    assert migrate_with(extended_code, legacy) == "done True"
    assert_merged(new_values(legacy))


def test_a_new_column_is_merged_from_the_rows_of_one_token(
    legacy: Legacy, extended_code: Path
) -> None:
    put(legacy, "workshop_students", "2025-02-01", FIRST)
    put(legacy, "student_configs", "2025-03-01", SECOND)
    legacy.put("workshop_students", session_token="token-b", retries=-4)
    assert migrate_with(extended_code, legacy) == "done True"
    assert_merged(new_values(legacy))
    assert legacy.session("retries", "token-b") == 0
    assert ("retries", "mended", "negative: counted as 0") in legacy.findings()


def assert_merged(session: dict[str, Any]) -> None:
    """Assert that the session holds FIRST and the newer SECOND, each column merged by its rule."""
    assert str(session["invited_at"])[:10] == "2025-02-01"
    assert str(session["graded_at"])[:10] == "2025-03-01"
    assert session["note"].startswith("second [API key ")
    assert session["comments"] in ([{"n": 1}, {"n": 2}], [{"n": 2}, {"n": 1}])
    names = ("plan", "badge_earned", "newsletter", "retries", "tags", "theme")
    assert [session[name] for name in names] == ["mine", True, False, 3, ["second"], {"dark": True}]


@pytest.mark.parametrize("path", [path for path in LEGACY_SQL if path.parent.name != "schema"],
                         ids=lambda path: path.name)  # fmt: skip
def test_lists_do_not_change_which_queries_a_file_has(path: Path) -> None:
    file = path.relative_to(ROOT / "sql").as_posix()
    assert load_queries(file).keys() == load_queries(file, SESSION_LISTS).keys()
