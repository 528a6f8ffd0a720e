"""The nightly run: every scheduled job, one after the other, even if one of them fails."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib import deadline
from lib.access.endpoint import CRON_SECONDS
from lib.deps import Deps
from lib.errors import Busy
from lib.operations.nightly import JOB_SECONDS, Job, run_jobs
from lib.operations.wire import NightlyJobOut
from tests.conftest import CRON_SECRET

Rows = Callable[..., list[tuple[Any, ...]]]
CRON = {"Authorization": f"Bearer {CRON_SECRET}"}
PATHS = [
    "/api/cleanup-sessions",
    "/api/sessions/cleanup",
    "/api/calibrate",
    "/api/calibrate-learning",
]
EXPIRED_SESSIONS = """
WITH st AS (INSERT INTO students (student_email)
  SELECT n || '@example.com' FROM generate_series(1, 20) n RETURNING student_id)
INSERT INTO sessions (session_token, student_id, last_activity, expires_at)
  SELECT 's' || row_number() OVER (), student_id,
    now() - INTERVAL '3 days', now() - INTERVAL '2 days' FROM st
"""


def nightly(client: TestClient, status: int = 200) -> dict[str, Any]:
    response = client.get("/api/nightly", headers=CRON)
    assert response.status_code == status
    body: dict[str, Any] = response.json()
    return body


def outcomes(body: dict[str, Any]) -> dict[str, str]:
    return {job["path"]: job["outcome"] for job in body["jobs"]}


def run_within(seconds: float, jobs: list[Job]) -> list[NightlyJobOut]:
    """Run jobs in a call that has `seconds` left."""

    def run() -> list[NightlyJobOut]:
        deadline.start(seconds + deadline.MARGIN_SECONDS)
        return run_jobs(jobs).jobs

    return copy_context().run(run)


def fail_busy() -> dict[str, Any]:
    raise Busy


def fail_by_a_bug() -> dict[str, Any]:
    raise ZeroDivisionError("a canary of the exception's text")


def test_every_job_runs_and_returns_what_its_own_path_returns(client: TestClient) -> None:
    body = nightly(client)
    assert (body["success"], body["message"]) == (True, "All 4 jobs ran")
    assert outcomes(body) == dict.fromkeys(PATHS, "ran")
    for job in body["jobs"]:
        assert job["code"] is None
        assert job["result"].keys() == client.get(job["path"], headers=CRON).json().keys()


def test_jobs_do_their_work(client: TestClient, rows: Rows) -> None:
    rows(EXPIRED_SESSIONS)
    results = [job["result"] for job in nightly(client)["jobs"]]
    assert results[0]["closedSessions"] == 20
    assert rows("SELECT count(*) FROM sessions WHERE is_active") == [(0,)]
    assert nightly(client)["jobs"][0]["result"]["closedSessions"] == 0


def test_two_runs_at_once_do_the_work_once(client: TestClient, rows: Rows) -> None:
    rows(EXPIRED_SESSIONS)
    with ThreadPoolExecutor(2) as pool:
        bodies = list(pool.map(lambda _: nightly(client), range(2)))
    assert [outcomes(body) for body in bodies] == [dict.fromkeys(PATHS, "ran")] * 2
    assert sum(body["jobs"][0]["result"]["closedSessions"] for body in bodies) == 20
    assert rows("SELECT count(*) FROM events WHERE event_type = 'session_expired'") == [(20,)]


def test_job_that_is_refused_does_not_stop_the_others(client: TestClient, deps: Deps) -> None:
    valid_settings = deps.settings
    deps.settings = replace(valid_settings, workshop_retention_days=None)
    body = nightly(client, status=500)
    assert body["success"] is False
    assert outcomes(body) == {**dict.fromkeys(PATHS, "ran"), PATHS[0]: "failed"}
    assert body["message"] == "/api/cleanup-sessions: failed"
    assert body["jobs"][0]["code"] == "not_configured"
    assert body["jobs"][0]["result"] is None
    deps.settings = valid_settings
    assert outcomes(nightly(client)) == dict.fromkeys(PATHS, "ran")


def test_run_names_the_error_of_each_job_but_not_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    jobs = [Job("/bug", fail_by_a_bug), Job("/busy", fail_busy), Job("/ok", dict)]
    assert run_jobs(jobs).jobs == [
        NightlyJobOut(path="/bug", outcome="failed", code="internal"),
        NightlyJobOut(path="/busy", outcome="failed", code="busy"),
        NightlyJobOut(path="/ok", outcome="ran", result={}),
    ]
    log_text = capsys.readouterr().err
    assert log_text.count('"job_failed"') == 2
    assert "ZeroDivisionError" in log_text
    assert "canary" not in log_text


def test_job_without_enough_time_is_named_and_not_started() -> None:
    jobs = [Job("/first", dict), Job("/second", dict)]
    not_run = [
        NightlyJobOut(path="/first", outcome="not_run"),
        NightlyJobOut(path="/second", outcome="not_run"),
    ]
    assert run_within(JOB_SECONDS - 1, jobs) == not_run
    reports = run_within(JOB_SECONDS + 1, jobs)
    assert [report.outcome for report in reports] == ["ran", "ran"]


def test_job_cannot_use_up_the_time_of_the_others() -> None:
    jobs = [Job(f"/{name}", lambda: {"seconds": deadline.seconds_left()}) for name in "abc"]
    seconds = [(report.result or {})["seconds"] for report in run_within(CRON_SECONDS, jobs)]
    # A third of the 300 s, half of those that are left, and then all, since no job takes any.
    assert 90 < seconds[0] <= 100
    assert 140 < seconds[1] <= 150
    assert 290 < seconds[2] <= 300


@pytest.mark.parametrize("credential", ["", "Bearer wrong"])
def test_only_the_schedule_runs_the_jobs(client: TestClient, credential: str) -> None:
    response = client.get("/api/nightly", headers={"Authorization": credential})
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
