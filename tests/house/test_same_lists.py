"""Lists that exist in several places agree; a failure names the place to edit."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from alembic.script import ScriptDirectory

from lib.assessment.pools.rules import STOP_RULES
from lib.assessment.sessions.wire import EndCriteria, StartIn
from lib.database.queries import load_queries
from lib.database.schema import REVISIONS
from lib.engine.stopping import Reason, StopRules
from lib.legacy.session_fields import OTHER_COLUMNS, SESSION_FIELDS, SESSION_LISTS
from lib.workshop.progress.wire import ProgressIn
from tests.legacy import oracle

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "sql"

# --- calls of the project's database functions

CALL = re.compile(
    r"\bSELECT (public)\.(\w+)\(((?:\s*(?:%\(\w+\)s(?:::\w+(?:\[\])?)?|NULL)\s*,?)+)\)"
)
DEFINITION = re.compile(r"CREATE OR REPLACE FUNCTION (public)\.(\w+)\(([^)]*)\)")


def declared_parameters() -> dict[str, list[str]]:
    """Return the parameters of each function that names them `p_…`, without the prefix."""
    return {
        name: re.findall(r"\bp_(\w+)\s+[A-Z]", parameters)
        for path in sorted(SQL.rglob("*.sql"))
        for _, name, parameters in DEFINITION.findall(path.read_text())
    }


def calls() -> Iterator[tuple[str, str, list[str | None]]]:
    """Yield file, function and arguments of each call; None stands for NULL."""
    for path in sorted(SQL.glob("*/*.sql")):
        for _, name, arguments in CALL.findall(path.read_text()):
            matches = [re.search(r"%\((\w+)\)s", part) for part in arguments.split(",")]
            yield (
                path.relative_to(ROOT).as_posix(),
                name,
                [match[1] if match else None for match in matches],
            )


def test_queries_give_functions_the_parameters_that_they_declare() -> None:
    functions, mismatches = declared_parameters(), []
    assert {"record_step_progress", "save_session_config"} <= {name for _, name, _ in calls()}
    for file, name, arguments in calls():
        parameters = functions.get(name, [])
        fits = len(arguments) == len(parameters) and all(
            argument is None or f"_{argument}".endswith(f"_{parameter}")
            for argument, parameter in zip(arguments, parameters, strict=True)
        )
        if not fits:
            mismatches.append(
                f"{file} calls {name}({arguments}), sql/*/schema/ declares {parameters}"
            )
    assert mismatches == [], "give the query and the function the same parameters in the same order"


def test_every_field_of_a_report_reaches_the_database() -> None:
    query = load_queries("workshop/progress.sql")["record_step_progress"].text.decode()
    unsent_fields = ProgressIn.model_fields.keys() - set(re.findall(r"%\((\w+)\)s", query))
    assert unsent_fields == set(), (
        "add these as %(…)s to record_step_progress in sql/workshop/progress.sql, and as p_… to the"
        " function in sql/workshop/schema/functions.sql"
    )


# --- columns

TABLE = re.compile(
    r"CREATE TABLE IF NOT EXISTS public\.(\w+) \((.*?)^\);", re.DOTALL | re.MULTILINE
)
ALTER_TABLE = re.compile(r"ALTER TABLE public\.(\w+)\s(.*?);", re.DOTALL)
INSERT = re.compile(r"INSERT INTO public\.(\w+)(?: AS \w+)?\s*\(([\w\s,]+)\)")


def columns_of_tables() -> dict[str, set[str]]:
    """Return the columns of each table of `public` in the schema scripts."""
    columns: dict[str, set[str]] = {}
    for path in sorted(SQL.glob("*/schema/*.sql")):
        script = re.sub(r"--.*", "", path.read_text())
        for table, body in TABLE.findall(script):
            columns.setdefault(table, set()).update(
                re.findall(r"^\s+(\w+) [A-Z]", body, re.MULTILINE)
            )
        for table, body in ALTER_TABLE.findall(script):
            new_columns = re.findall(r"ADD COLUMN IF NOT EXISTS (\w+)", body)
            columns.setdefault(table, set()).update(new_columns)
    return columns


def test_columns_that_statements_write_exist() -> None:
    columns = columns_of_tables()
    missing_columns = [
        f"{path.relative_to(ROOT)} writes {table}.{column}"
        for path in sorted(SQL.rglob("*.sql"))
        for table, names in INSERT.findall(re.sub(r"--.*", "", path.read_text()))
        for column in re.findall(r"\w+", names)
        if table in columns and column not in columns[table]
    ]
    assert {"sessions", "step_progress", "events"} <= columns.keys()
    assert missing_columns == [], (
        "add these with ALTER TABLE … ADD COLUMN IF NOT EXISTS in sql/<context>/schema/"
    )


def test_columns_of_a_session_are_those_of_the_migration() -> None:
    columns = columns_of_tables()["sessions"]
    assert columns - SESSION_FIELDS.keys() - OTHER_COLUMNS.keys() == set(), (
        "give these a rule in SESSION_FIELDS of lib/legacy/session_fields.py, or a reason in"
        " OTHER_COLUMNS"
    )
    assert (SESSION_FIELDS.keys() | OTHER_COLUMNS.keys()) - columns == set(), (
        "add these to public.sessions in sql/workshop/schema/tables.sql, section 2"
    )


def test_legacy_texts_are_those_of_the_oracle() -> None:
    assert set(SESSION_LISTS["all_texts"]) == set(oracle.TEXTS), (
        "add the text to TEXTS in tests/legacy/oracle.py, and to the tables and rows of"
        " tests/support/legacy_tables.sql and legacy_data.py"
    )
    assert set(SESSION_LISTS["texts"]) == oracle.NO_PLACE_FOR_KEYS, (
        "give NO_PLACE_FOR_KEYS in tests/legacy/oracle.py the columns with Rule.TEXT"
    )


# --- stop rules


def test_every_stop_rule_has_a_reason() -> None:
    without_reason = set(STOP_RULES) - {"fixed_length"} - set(get_args(Reason))
    assert without_reason == set(), "add these to Reason in lib/engine/stopping.py"


def test_fields_of_stop_rules_are_the_same_in_the_engine_and_on_the_wire() -> None:
    engine_fields = set(StopRules.__dataclass_fields__) - {"cut"}  # callers cannot change it
    assert set(EndCriteria.model_fields) == engine_fields, (
        "StopRules in lib/engine/stopping.py and EndCriteria in"
        " lib/assessment/sessions/wire.py need the same fields"
    )


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("docs/assessment.md", (*STOP_RULES, *EndCriteria.model_fields)),
        ("docs/engine.md", STOP_RULES),
        ("sql/assessment/schema/tables.sql", get_args(Reason)),
        ("tests/engine/test_stopping.py", (*STOP_RULES, *get_args(Reason))),
        ("tests/assessment/test_completion.py", set(get_args(Reason)) - {"max_questions"}),
    ],
)
def test_every_stop_rule_is_documented_and_tested(place: str, names: tuple[str, ...]) -> None:
    text = (ROOT / place).read_text()
    expected = set(names) - {"type"}
    unnamed = sorted(name for name in expected if not re.search(rf"\b{name}\b", text))
    assert unnamed == [], f"{place} does not mention {', '.join(unnamed)}: add it there"


END_CRITERIA = (
    (ROOT / "docs" / "assessment.md")
    .read_text()
    .partition("**End criteria.**")[2]
    .partition("**Errors.**")[0]
)
CRITERION = re.compile(r"^\| `(\w+)`(?:, the default)? \| ([^|]+) \|(?: ([^|]+) \|)?", re.MULTILINE)


def test_page_of_the_assessment_lists_the_end_criteria_with_their_defaults() -> None:
    rows = CRITERION.findall(END_CRITERIA)
    types = [name for name, _, default in rows if not default]
    assert types == list(STOP_RULES)
    defaults = {name: float(default.split(",")[0]) for name, _, default in rows if default}
    assert defaults == {
        name: field.default for name, field in EndCriteria.model_fields.items() if name != "type"
    }


def test_example_of_a_start_on_the_page_of_the_assessment_is_accepted() -> None:
    starts = re.findall(r"```json\n(.*?)```", END_CRITERIA, re.DOTALL)
    assert [StartIn.model_validate_json(start).end_criteria.type for start in starts] == [
        "precision"
    ]


# --- revisions of the schema


def test_revisions_in_lib_are_those_of_alembic() -> None:
    """/health compares revisions in functions, whose deployment lacks `migrations/`."""
    revisions = ScriptDirectory(ROOT / "migrations").walk_revisions()
    assert tuple(revision.revision for revision in revisions)[::-1] == REVISIONS
