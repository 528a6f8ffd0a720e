"""Lists that stand in several places say the same in each; a failure names the place to edit."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from lib.assessment.sessions.end_criteria import EndCriteria
from lib.assessment.sessions.snapshot import _TYPES as SNAPSHOT_TYPES
from lib.database.queries import load_queries
from lib.engine.stopping import TYPES, Reason, StopRules
from lib.workshop.progress.wire import ProgressIn
from tests.legacy import oracle

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "sql"

# --- calls of our own database functions

CALL = re.compile(
    r"\bSELECT (public)\.(\w+)\(((?:\s*(?:%\(\w+\)s(?:::\w+(?:\[\])?)?|NULL)\s*,?)+)\)"
)
DEFINITION = re.compile(r"CREATE OR REPLACE FUNCTION (public)\.(\w+)\(([^)]*)\)")


def declared() -> dict[str, list[str]]:
    """Parameters of the functions whose parameters are called `p_…`, without that prefix."""
    return {
        name: re.findall(r"\bp_(\w+)\s+[A-Z]", parameters)
        for path in sorted(SQL.rglob("*.sql"))
        for _, name, parameters in DEFINITION.findall(path.read_text())
    }


def calls() -> Iterator[tuple[str, str, list[str | None]]]:
    """File, function and arguments of each call; None is NULL."""
    for path in sorted(SQL.glob("*/*.sql")):
        for _, name, arguments in CALL.findall(path.read_text()):
            given = [re.search(r"%\((\w+)\)s", part) for part in arguments.split(",")]
            yield (
                path.relative_to(ROOT).as_posix(),
                name,
                [found[1] if found else None for found in given],
            )


def test_queries_give_functions_the_parameters_that_they_declare() -> None:
    functions, wrong = declared(), []
    for file, name, given in calls():
        wanted = functions.get(name, [])
        fits = len(given) == len(wanted) and all(
            argument is None or f"_{argument}".endswith(f"_{parameter}")
            for argument, parameter in zip(given, wanted, strict=True)
        )
        if not fits:
            wrong.append(f"{file} calls {name}({given}), sql/*/schema/ declares {wanted}")
    assert wrong == [], "give the query and the function the same parameters in the same order"


def test_every_field_of_a_report_reaches_the_database() -> None:
    query = load_queries("workshop/progress.sql")["record_step_progress"].text.decode()
    unsent = ProgressIn.model_fields.keys() - set(re.findall(r"%\((\w+)\)s", query))
    assert unsent == set(), (
        "add these as %(…)s to record_step_progress in sql/workshop/progress.sql, and as p_… to the"
        " function in sql/workshop/schema/functions.sql"
    )


# --- columns

TABLE = re.compile(
    r"CREATE TABLE IF NOT EXISTS public\.(\w+) \((.*?)^\);", re.DOTALL | re.MULTILINE
)
ALTERED = re.compile(r"ALTER TABLE public\.(\w+)\s(.*?);", re.DOTALL)
INSERTED = re.compile(r"INSERT INTO public\.(\w+)(?: AS \w+)?\s*\(([\w\s,]+)\)")


def columns_of_tables() -> dict[str, set[str]]:
    """Table of `public` → its columns, by the schema scripts."""
    columns: dict[str, set[str]] = {}
    for path in sorted(SQL.glob("*/schema/*.sql")):
        script = re.sub(r"--.*", "", path.read_text())
        for table, body in TABLE.findall(script):
            columns.setdefault(table, set()).update(
                re.findall(r"^\s+(\w+) [A-Z]", body, re.MULTILINE)
            )
        for table, body in ALTERED.findall(script):
            added = re.findall(r"ADD COLUMN IF NOT EXISTS (\w+)", body)
            columns.setdefault(table, set()).update(added)
    return columns


def test_columns_that_statements_write_exist() -> None:
    columns = columns_of_tables()
    wrong = [
        f"{path.relative_to(ROOT)} writes {table}.{column}"
        for path in sorted(SQL.rglob("*.sql"))
        for table, names in INSERTED.findall(re.sub(r"--.*", "", path.read_text()))
        for column in re.findall(r"\w+", names)
        if table in columns and column not in columns[table]
    ]
    assert {"sessions", "step_progress", "events"} <= columns.keys()
    assert wrong == [], (
        "add these with ALTER TABLE … ADD COLUMN IF NOT EXISTS in sql/<context>/schema/"
    )


# --- stop rules


def test_kinds_of_stop_rule_are_the_same_everywhere() -> None:
    kinds = get_args(EndCriteria.model_fields["type"].annotation)
    assert kinds == TYPES, (
        "give EndCriteria.type in lib/assessment/sessions/end_criteria.py and Type in"
        " lib/engine/stopping.py the same kinds in the same order"
    )
    unreasoned = set(TYPES) - {"fixed_length"} - set(get_args(Reason))
    assert unreasoned == set(), "add these to Reason in lib/engine/stopping.py"
    assert SNAPSHOT_TYPES == TYPES, (
        "add the kind at the end of _TYPES in lib/assessment/sessions/snapshot.py: a kind's number"
        " is part of the states that Redis holds"
    )


def test_numbers_of_stop_rules_are_the_same_in_the_engine_and_on_the_wire() -> None:
    ours = set(StopRules.__dataclass_fields__) - {"cut"}  # no caller can move it
    assert set(EndCriteria.model_fields) == ours, (
        "StopRules in lib/engine/stopping.py and EndCriteria in"
        " lib/assessment/sessions/end_criteria.py need the same fields"
    )


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("docs/assessment.md", (*TYPES, *EndCriteria.model_fields)),
        ("docs/engine.md", TYPES),
        ("sql/assessment/schema/tables.sql", get_args(Reason)),
        ("tests/engine/test_stopping.py", (*TYPES, *get_args(Reason))),
        ("tests/assessment/test_completion.py", set(get_args(Reason)) - {"max_questions"}),
    ],
)
def test_every_stop_rule_is_documented_and_tested(place: str, names: tuple[str, ...]) -> None:
    text = (ROOT / place).read_text()
    wanted = set(names) - {"type"}
    unnamed = sorted(name for name in wanted if not re.search(rf"\b{name}\b", text))
    assert unnamed == [], f"{place} says nothing of {', '.join(unnamed)}: add it there"


# --- columns of the legacy tables

LEGACY = SQL / "legacy"
OF_THE_PERSON = {"session_token", "student_email", "student_name", "account_sid"}
COMPUTED = {"completion_rate"}
COLUMN_KINDS = {"text", "jsonb", "integer", "boolean"}
"""Times are merged by rules of their own, each of them by itself."""
TIMES_NAMED = {
    ("schema/sources.sql", "legacy.open_mended"): 1,
    ("sessions.sql", "merge_repeated"): 1,
    ("sessions.sql", "stage_sessions"): 4,
    ("schema/stage.sql", "wanted"): 1,
    ("store.sql", "insert_sessions"): 2,
    ("store.sql", "stage_outcome"): 3,
    ("store.sql", "update_sessions"): 4,
    ("verification.sql", "check_sessions"): 4,
}
"""How often a column stands in each query or script that moves it."""
ONLY_WHETHER_THERE = {("verification.sql", "check_sessions"): {"openai_api_key"}}
NO_PLACE_FOR_KEYS = ("sessions.sql", "hide_keys")
WROTE_THEMSELVES = {"use_case_description", "openai_api_key", "system_prompt", "ivr_greeting"}
"""Texts in which an API key is the student's own."""


def legacy_columns() -> dict[str, str]:
    """Name → kind of every column that the migration reads, by legacy.open_typed."""
    lists = re.findall(
        r"SELECT name, '(\w+)'(?: AS type)? FROM unnest\(ARRAY\[(.*?)\]\)",
        (LEGACY / "schema" / "sources.sql").read_text(),
        re.DOTALL,
    )
    return {name: kind for kind, names in lists for name in re.findall(r"'(\w+)'", names)}


MOVED = {
    name: kind
    for name, kind in legacy_columns().items()
    if kind in COLUMN_KINDS and name not in OF_THE_PERSON
}


def part_of(file: str, name: str) -> str:
    """One named query, or one CREATE statement, without its comments."""
    text = (LEGACY / file).read_text()
    found = re.search(
        rf"^-- {name} --$(.*?)(?=^-- \w+ --$|\Z)"
        rf"|^CREATE [A-Z ]*{re.escape(name)}\b(.*?)(?=^CREATE |\Z)",
        text,
        re.DOTALL | re.MULTILINE,
    )
    assert found is not None, f"{file} has no {name}: correct TIMES_NAMED"
    return re.sub(r"--.*", "", found[1] or found[2])


@pytest.mark.parametrize(("file", "name"), TIMES_NAMED)
def test_every_legacy_column_is_moved_at_every_step(file: str, name: str) -> None:
    text, times = part_of(file, name), TIMES_NAMED[file, name]
    columns = MOVED.keys() - ONLY_WHETHER_THERE.get((file, name), set())
    counted = {column: len(re.findall(rf"\b{column}\b", text)) for column in columns}
    short = {column: count for column, count in counted.items() if count < times}
    assert short == {}, f"{name} in sql/legacy/{file} must name each of these {times} times"


def test_legacy_texts_are_searched_for_api_keys() -> None:
    texts = {name for name, kind in MOVED.items() if kind == "text"} - WROTE_THEMSELVES
    text = part_of(*NO_PLACE_FOR_KEYS)
    unsearched = sorted(name for name in texts if len(re.findall(rf"\b{name}\b", text)) < 3)
    assert unsearched == [], (
        "hide_keys in sql/legacy/sessions.sql must name each of these 3 times, or"
        " WROTE_THEMSELVES here must say why not"
    )
    assert texts == oracle.NO_PLACE_FOR_KEYS, (
        "give NO_PLACE_FOR_KEYS in tests/legacy/oracle.py the texts that hide_keys searches"
    )


def test_lost_values_of_every_legacy_column_are_counted() -> None:
    text = part_of("verification.sql", "count_lost")
    kinds = {"text", "boolean", "integer"}
    columns = {name for name, kind in MOVED.items() if kind in kinds} - {"demo_mode"}
    uncounted = sorted(name for name in columns if not re.search(rf"\b{name}\b", text))
    assert uncounted == [], "compare these in count_lost of sql/legacy/verification.sql"


def test_legacy_columns_have_a_column_of_the_session() -> None:
    unstored = MOVED.keys() - columns_of_tables()["sessions"]
    assert unstored == set(), "add them to public.sessions in sql/workshop/schema/tables.sql"


def test_columns_of_the_tests_legacy_tables_are_read_and_checked() -> None:
    script = (ROOT / "tests" / "support" / "legacy_tables.sql").read_text()
    kinds = r"TEXT|TIMESTAMP|JSONB|INTEGER|NUMERIC|BOOLEAN"
    columns = dict(re.findall(rf"\b([a-z]\w*) ({kinds})\b", script))
    read = legacy_columns().keys() | COMPUTED | {"session_id", "student_id", "is_demo_mode"}
    assert columns.keys() - read == set(), (
        "add them to the lists of legacy.open_typed in sql/legacy/schema/sources.sql"
    )
    assert read - {"session_token"} - columns.keys() == set(), (
        "add them to tests/support/legacy_tables.sql, so that tests move them"
    )
    texts = {name for name, kind in MOVED.items() if kind == "text"} - {"openai_api_key"}
    assert texts == set(oracle.TEXTS), (
        "give TEXTS in tests/legacy/oracle.py the texts that sql/legacy/schema/sources.sql lists"
    )
