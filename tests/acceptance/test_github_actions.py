"""The GitHub Actions step of `docs/workshop.md`, cut from the page and run as the runner does."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml  # type: ignore[import-untyped]  # the stubs are not installed

from tests.conftest import ADMIN_PASSWORD
from tests.support.local_server import LocalServer
from tests.support.wire import Request

PAGE = Path(__file__).parents[2] / "docs" / "workshop.md"
BLOCK = re.compile(r"^## GitHub Actions$.*?^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PRINTED_ADDRESS = "https://your-app.vercel.app"
SECRET = "${{ secrets.SESSION_TOKEN }}"
UNKNOWN = "ws_1700000000000_0123456789abcdef0123456789abcdef"
SHELL_SECONDS = 60.0


@pytest.fixture
def token(server: LocalServer) -> str:
    """The token of a session without progress."""
    response = server.send(Request("POST", "/api/generate-session", {}))
    return str(response.body["sessionToken"])


def documented_step() -> dict[str, Any]:
    (block,) = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    (step,) = yaml.safe_load(block)
    assert isinstance(step, dict)
    return step


def run_step(server: LocalServer, token: str, run_id: str) -> subprocess.CompletedProcess[str]:
    """Run the step with the runner's shell and variables."""
    variables = documented_step()["env"]
    assert variables == {"API": PRINTED_ADDRESS, "SESSION_TOKEN": SECRET}
    return subprocess.run(
        ["bash", "-e", "-c", documented_step()["run"]],
        env={
            "PATH": os.environ["PATH"],
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_RUN_ID": run_id,
            "API": server.url,
            "SESSION_TOKEN": token,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=SHELL_SECONDS,
    )


def counts(postgres_url: str) -> tuple[int, int, int]:
    """Return the numbers of sessions, recorded steps and events in the whole database."""
    with psycopg.connect(postgres_url) as connection:
        (row,) = connection.execute(
            "SELECT (SELECT count(*) FROM public.sessions),"
            " (SELECT count(*) FROM public.step_progress), (SELECT count(*) FROM public.events)"
        ).fetchall()
    return row[0], row[1], row[2]


def steps_of(postgres_url: str, token: str) -> list[tuple[Any, ...]]:
    """Return for each step of a session its number, whether it was passed, and its attempts."""
    with psycopg.connect(postgres_url) as connection:
        return connection.execute(
            "SELECT step_number, validation_passed, attempts FROM public.step_progress"
            " WHERE session_token = %s ORDER BY step_number",
            (token,),
        ).fetchall()


def test_step_runs_only_when_the_checks_of_a_push_passed() -> None:
    assert documented_step()["if"] == "success() && github.event_name == 'push'"


def test_step_is_recorded_once_for_each_run(
    server: LocalServer, postgres_url: str, token: str
) -> None:
    sessions = counts(postgres_url)[0]
    for run_id, attempts in (("9001", 1), ("9001", 1), ("9002", 2)):
        process = run_step(server, token, run_id)
        assert (process.returncode, process.stdout) == (0, ""), process.stderr
        assert steps_of(postgres_url, token) == [(2, True, attempts)]
    assert counts(postgres_url)[0] == sessions


@pytest.mark.parametrize("wrong", [UNKNOWN, "", "null"])
def test_wrong_token_fails_the_job_and_changes_nothing(
    server: LocalServer, postgres_url: str, wrong: str
) -> None:
    before = counts(postgres_url)
    process = run_step(server, wrong, "9001")
    assert process.returncode == 22, process.stderr  # curl's code for an HTTP error
    assert counts(postgres_url) == before


def test_replaced_token_fails_the_job_and_changes_nothing(
    server: LocalServer, postgres_url: str, token: str
) -> None:
    assert run_step(server, token, "9001").returncode == 0
    body = {
        "adminPassword": ADMIN_PASSWORD,
        "sessionToken": token,
        "pageUrl": "https://workshop.example.com/",
    }
    response = server.send(Request("POST", "/api/admin-new-link", body))
    assert response.status == 200, response.body
    before = counts(postgres_url)
    assert run_step(server, token, "9002").returncode == 22
    assert counts(postgres_url) == before
