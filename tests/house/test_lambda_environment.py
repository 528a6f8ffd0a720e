"""A deployment to AWS needs every variable, optional ones at least empty, so none is forgotten."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(sys.executable).with_name("node")
RESOLVE = "console.log(JSON.stringify(require('./local/deploy/environment.cjs')()))"
REQUIRED = {
    "POSTGRES_URL": ["DATABASE_URL"],
    "ADMIN_PASSWORD": [],
    "CRON_SECRET": [],
    "ENCRYPTION_KEY": [],
}
OPTIONAL = {
    "POSTGRES_URL_NON_POOLING": ["DATABASE_URL_UNPOOLED"],
    "UPSTASH_REDIS_REST_URL": ["KV_REST_API_URL"],
    "UPSTASH_REDIS_REST_TOKEN": ["KV_REST_API_TOKEN"],
    "INSTRUCTOR_PASSWORD": [],
    "ENCRYPTION_KEY_PREVIOUS": [],
    "ALLOWED_ORIGINS": [],
    "WEBSOCKET_DOMAIN": ["RAILWAY_WEBSOCKET_DOMAIN"],
    "WORKSHOP_RETENTION_DAYS": [],
    "TEST_RETENTION_DAYS": [],
    "TEST_ADMISSION": [],
    "OPEN_TESTS_COUNT": [],
    "WRITE_LIMITS": [],
    "BACKUP_BUCKET": [],
}
NAMES = REQUIRED | OPTIONAL
COMPLETE = {name: f"value of {name}" for name in NAMES}
OTHER_NAMES = [(name, other) for name, others in NAMES.items() for other in others]
NOT_DEPLOYED = {"BACKUP_FOLDER", "STEPWISE_TRUST_LOOPBACK", "VERCEL", "AWS_LAMBDA_FUNCTION_NAME"}
NOT_DEPLOYED |= {"SQLITE_DATABASE_URL", "KV_URL", "REDIS_URL", "UPSTASH_REDIS_URL"}
"""Variables of the local server and of students' devices, those that the platforms set themselves,
and addresses that are read only to explain that they are not Redis's REST address."""


def resolve(variables: dict[str, str], command: str = "deploy") -> dict[str, str]:
    """Return the functions' variables as `osls` gets them from a shell with these variables.

    Raises:
        ValueError: If a variable is missing; the message is the one that `osls` prints.
    """
    result = subprocess.run(
        [str(NODE), "-e", RESOLVE, "osls", command],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise ValueError(result.stderr)
    values: dict[str, str] = json.loads(result.stdout)
    return values


def without(name: str) -> dict[str, str]:
    return {other: value for other, value in COMPLETE.items() if other != name}


def test_shell_with_every_variable_gives_them_to_the_functions() -> None:
    assert resolve(COMPLETE) == COMPLETE


@pytest.mark.parametrize("name", NAMES)
def test_variable_that_the_shell_lacks_stops_the_deployment(name: str) -> None:
    with pytest.raises(ValueError, match=rf"Nothing was deployed(?s:.*)\n  {name}( or \w+)?\n"):
        resolve(without(name))


@pytest.mark.parametrize("value", ["", "  "])
@pytest.mark.parametrize("name", REQUIRED)
def test_required_variable_needs_a_value(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"no value(?s:.*)\n  {name}( or \w+)?\n"):
        resolve({**COMPLETE, name: value})


@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_variable_may_be_set_to_nothing_and_is_then_left_out(name: str) -> None:
    assert resolve({**COMPLETE, name: ""}) == without(name)


@pytest.mark.parametrize(("name", "other"), OTHER_NAMES)
def test_other_name_of_a_variable_is_understood(name: str, other: str) -> None:
    expected = {**COMPLETE, name: "another value"}
    assert resolve({**without(name), other: "another value"}) == expected
    assert resolve({**COMPLETE, name: "", other: "another value"}) == expected
    assert resolve({**COMPLETE, other: "another value"}) == COMPLETE


def test_refusal_names_everything_at_once() -> None:
    with pytest.raises(ValueError, match="Nothing was deployed") as refusal:
        resolve({})
    names = re.findall(r"^  ([A-Z_]+)(?: or ([A-Z_]+))?$", str(refusal.value), re.MULTILINE)
    assert {name: [other] if other else [] for name, other in names} == NAMES


def test_refusal_shows_no_value() -> None:
    with pytest.raises(ValueError, match="CRON_SECRET") as refusal:
        resolve({**COMPLETE, "ADMIN_PASSWORD": "a canary", "CRON_SECRET": ""})
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize("command", ["info", "logs", "remove"])
def test_command_that_changes_no_variable_needs_none(command: str) -> None:
    assert resolve({}, command) == {}


@pytest.mark.parametrize("command", ["package", "print", "a future command"])
def test_other_commands_need_every_variable(command: str) -> None:
    with pytest.raises(ValueError, match="Nothing was deployed"):
        resolve({}, command)


def test_every_variable_that_the_functions_read_is_deployed() -> None:
    names = set(re.findall(r'"([A-Z]+_[A-Z_]+|VERCEL)"', (ROOT / "lib/settings.py").read_text()))
    read_names = {name for name in names if "SUPABASE" not in name} - NOT_DEPLOYED
    deployed_names = {*NAMES, *(other for _, other in OTHER_NAMES)}
    assert read_names - deployed_names == set(), (
        "add them to local/deploy/environment.cjs and to this test"
    )
    assert deployed_names - read_names == set(), "lib/settings.py reads no such variables"


def test_documentation_lists_the_variables_and_which_are_required() -> None:
    rows = re.findall(
        r"^\| (`[^|]+) \| ([^|]+) \|", (ROOT / "docs/deploy.md").read_text(), re.MULTILINE
    )
    # Reversed, so that the first row about a variable counts.
    needs = {name: need for names, need in rows[::-1] for name in re.findall(r"`([A-Z_]+)`", names)}
    names = {*NAMES, *(other for _, other in OTHER_NAMES)}
    assert names <= needs.keys()
    for name, others in NAMES.items():
        assert {needs[each] == "yes" for each in (name, *others)} == {name in REQUIRED}
