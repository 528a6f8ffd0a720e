"""`make dev` starts with any database, and says what is wrong with it and what to do."""

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lib.database.expected_tables import workshop_tables
from local.demo.pool import POOL_ID
from local.servers.postgres_server import PostgresServer
from local.upgrade_output import explain, report_lines
from tests.local.processes import Dev, wait_until_all_ended

OLD_STUDENTS = """
CREATE TABLE public.students (id VARCHAR PRIMARY KEY);
INSERT INTO public.students VALUES ('ann');
"""
Start = Callable[..., Dev]


def prepare(folder: Path, script: str) -> None:
    """Fill the database of a `make dev` that has not started yet."""
    server = PostgresServer(folder / "postgres")
    server.start()
    with psycopg.connect(server.url()) as connection:
        connection.execute(script.encode())
    server.stop()


def send(dev: Dev, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        dev.value_of("Stepwise") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_an_upgrade_that_fails_is_explained_and_the_server_answers(
    folder: Path, start_dev: Start
) -> None:
    prepare(folder, "CREATE VIEW public.sessions AS SELECT 1 AS session_token, 2 AS student_id")
    dev = start_dev(demo=True)
    assert "The schema could not be brought up to date:\n  " in dev.output
    assert "then run `make migrate`" in dev.output
    assert "The server starts anyway" in dev.output
    assert "Traceback" not in dev.output
    assert "demo data" not in dev.output, "there is nothing to load them into"

    status, health = send(dev, "/health")
    assert (status, health["status"]) == (503, "unavailable")
    assert "public.sessions" in health["schema"]["missing"]
    for path, body in (
        ("/api/student-progress?studentEmail=a@example.com", None),
        ("/api/student-progress", {"sessionToken": "ws_1_0123456789", "stepNumber": 1}),
        ("/api/admin-list-configs-v2", {"adminPassword": "YOUR_ADMIN_PASSWORD"}),
    ):
        status, error = send(dev, path, body)
        assert (status, error["code"]) == (503, "schema_missing"), path
        assert "make migrate" in error["error"]
    # The assessment's tables do not depend on the workshop's, so only the demo's pool is missing.
    status, error = send(dev, "/api/test/start", {"student_id": "a", "question_pool_id": POOL_ID})
    assert (status, error["code"]) == (404, "pool_not_found")

    with psycopg.connect(dev.database, autocommit=True) as connection:
        connection.execute("DROP VIEW public.sessions")
    assert dev.end(signal.SIGINT) == 0
    wait_until_all_ended(folder)
    restarted = start_dev(demo=True)
    assert "could not be brought up to date" not in restarted.output
    assert send(restarted, "/health")[1]["status"] == "healthy"
    with psycopg.connect(restarted.database) as connection:
        row = connection.execute("SELECT count(*) > 0 FROM public.students").fetchone()
    assert row == (True,), "the demo is loaded once there is a schema for it"
    assert restarted.end(signal.SIGINT) == 0
    wait_until_all_ended(folder)


def test_unknown_revision_does_not_stop_make_dev(folder: Path, start_dev: Start) -> None:
    dev = start_dev()
    with psycopg.connect(dev.database, autocommit=True) as connection:
        (table,) = connection.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.columns"
            " WHERE column_name = 'version_num'"
        ).fetchone() or ("",)
        connection.execute(f"UPDATE {table} SET version_num = 'a_deleted_draft'".encode())
    assert dev.end(signal.SIGINT) == 0
    wait_until_all_ended(folder)
    restarted = start_dev()
    assert "a_deleted_draft" in restarted.output
    assert "Traceback" not in restarted.output
    assert send(restarted, "/health")[0] == 200
    assert restarted.end(signal.SIGINT) == 0
    wait_until_all_ended(folder)


HEAD = 'Traceback (most recent call last):\n  File "a", line 1\n    call()\n'


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("It cannot be reached: no\nCheck it.\n", "  It cannot be reached: no\n  Check it."),
        (f"{HEAD}alembic.util.exc.CommandError: Can't locate it\n", "  Can't locate it"),
        (f"{HEAD}ValueError: an earlier one\n\nDuring …\n\n{HEAD}a.B: this one\n", "  this one"),
        (
            f"{HEAD}a.Raised: x.y: two of\nHINT:  now\nCONTEXT:  f()\n",
            "  x.y: two of\n  HINT:  now",
        ),
        (f"{HEAD}sqlalchemy.exc.E: (psycopg.errors.X) none\n[SQL: SELECT]\n", "  none"),
        ("", "  migrate.py ended without a message."),
    ],
)
def test_reason_is_the_last_error(output: str, reason: str) -> None:
    title, explanation = explain(output).split("\n", 1)
    assert title == "The schema could not be brought up to date:"
    assert explanation.rpartition("\n")[0] == reason  # the last line is advice


def test_what_an_upgrade_repairs_is_printed(folder: Path, start_dev: Start) -> None:
    prepare(folder, OLD_STUDENTS)
    dev = start_dev()
    assert "\n- public.students: moved to assessment.examinees; rows: 1\n" in f"\n{dev.output}"
    status, health = send(dev, "/health")
    assert (status, health["status"]) == (200, "degraded")
    assert health["schema"]["waiting"] == list(workshop_tables())
    assert dev.end(signal.SIGINT) == 0
    wait_until_all_ended(folder)


def test_only_reports_are_taken_from_the_output() -> None:
    output = (
        "   0.01 s  sql/a.sql\n- public.a: moved\nThe database is at revision 001.\n- b: left\n"
    )
    assert report_lines(output) == ["- public.a: moved", "- b: left"]
