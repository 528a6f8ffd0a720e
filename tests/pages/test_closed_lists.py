"""The pages name the values of the API's closed lists, and no others."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from lib.assessment.catalog.wire import VersionOrigin
from lib.assessment.sessions.reset import RESET
from lib.engine.stopping import Reason
from lib.learning.changes.synced import SyncedTable
from lib.learning.class_analytics.wire import ConfidenceLevel, RiskLevel
from lib.learning.mastery.read import BANDS
from lib.learning.tables.closed_lists import Arm, PlanType, QuestionType, Role
from lib.operations.health.check import Status
from lib.workshop.class_progress.wire import StepState
from lib.workshop.session_log.wire import PRODUCT_EVENT_TYPES
from local.pages.vendor import FOLDER
from tests.house.test_errors import ERRORS
from tests.support.node_packages import run_node

HERE = Path(__file__).parent
SQL = HERE.parents[1] / "sql"
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for path in sorted(FOLDER.parent.rglob("*.js"))
    if FOLDER not in path.parents
}


def values_of_check(script: str, constraint: str) -> set[str]:
    """Return the values that a CHECK of a schema script allows."""
    text = re.sub(r"--.*", "", (SQL / script).read_text(encoding="utf-8"))
    values = re.search(rf"{constraint} CHECK \(\w+ IN \(([^)]*)\)", text)
    assert values, constraint
    return set(re.findall(r"'([^']+)'", values[1]))


EXPECTED = {
    "health": set(Status),
    "landing": {*Status, "unreachable"},  # no response
    "audit": values_of_check("access/schema/operators.sql", "operator_audit_outcome_check"),
    "findings": values_of_check("legacy/schema/tables.sql", "migration_findings_outcome_check"),
    "steps": set(StepState),
    "events": PRODUCT_EVENT_TYPES,
    "ends": {*get_args(Reason), "exhausted", "ended", "expired", RESET},
    "origins": set(get_args(VersionOrigin)),
    "tables": set(SyncedTable),
    "bands": {*(band for _, band in BANDS), "none"},  # not begun
    "risks": {*get_args(RiskLevel), "none"},  # not at risk
    "confidences": set(get_args(ConfidenceLevel)),
    "arms": set(Arm),
}


@pytest.fixture(scope="module")
def lists_of_pages() -> dict[str, list[str]]:
    lists: dict[str, list[str]] = json.loads(run_node(["page_lists.mjs"], HERE))
    return lists


def test_every_list_of_the_pages_is_compared(lists_of_pages: dict[str, list[str]]) -> None:
    assert lists_of_pages.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_pages_have_words_for_the_values_of_the_api_and_for_no_others(
    lists_of_pages: dict[str, list[str]], name: str
) -> None:
    assert sorted(lists_of_pages[name]) == sorted(EXPECTED[name])


COMPARED = r'\b{name}\b\)? (?:===|!==) "([^"]+)"'
LISTED = r"\[([^\]]+)\]\.includes\((?:\w+\??\.)*{name}\)"
CODE_TABLE = re.compile(r"const (?:BY_CODE|REFUSALS|START_PROBLEMS) = \{(.*?)\};", re.DOTALL)
CODE_LIST = re.compile(r"const \w+_CODES = \[([^\]]*)\]")
CODE = re.compile(r'const \w+ = "([^"]+)"; // code\b')


def compared_values(name: str) -> set[str]:
    """Return the texts with which the pages compare the field or variable `name`."""
    values: set[str] = set()
    for source in SOURCES.values():
        text = re.sub(r'typeof [\w?.]+ === "\w+"', "", source)
        values.update(re.findall(COMPARED.format(name=name), text))
        for members in re.findall(LISTED.format(name=name), text):
            values.update(re.findall(r'"([^"]+)"', members))
    return values


def codes_in_tables() -> set[str]:
    """Return the error codes for which the pages have words or a behaviour of their own."""
    codes: set[str] = set()
    for text in SOURCES.values():
        codes.update(CODE.findall(text))
        for members in CODE_LIST.findall(text):
            codes.update(re.findall(r'"([^"]+)"', members))
        for members in CODE_TABLE.findall(text):
            codes.update(re.findall(r"(\w+):", re.sub(r'"[^"]*"', "", members)))
    return codes


def test_pages_know_only_codes_of_errors_that_exist() -> None:
    codes = compared_values("code") | codes_in_tables()
    assert {"session_not_found", "own_choice", "ticket_used_up", "stale_configuration"} <= codes
    assert {"practice_question_not_found", "criterion_refused", "device_superseded"} <= codes
    assert codes - {error.code for error in ERRORS} == set()


@pytest.mark.parametrize(
    ("name", "values"), [("question_type", set(QuestionType)), ("role", set(Role))]
)
def test_pages_compare_a_field_only_with_its_values(name: str, values: set[str]) -> None:
    page_values = compared_values(name)
    assert page_values
    assert page_values - values == set()


def test_study_page_makes_and_shows_only_plans_that_exist() -> None:
    text = "".join(text for path, text in SOURCES.items() if path.parent.name == "learn")
    shown_lists = re.findall(r"const type of \[([^\]]+)\]", text)
    calls = set(re.findall(r'\bmake\("(\w+)"\)|\bplanOn\(\w+, "(\w+)"', text))
    types_in_calls = {name for pair in calls for name in pair if name}
    assert len(shown_lists) == 1
    assert set(re.findall(r'"(\w+)"', shown_lists[0])) == set(PlanType)
    assert {"daily", "weekly"} <= types_in_calls <= set(PlanType)
