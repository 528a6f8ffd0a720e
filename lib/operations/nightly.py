"""All scheduled jobs in one run, for platforms that allow few schedules.

A job that fails does not stop the others. Each job gets an equal share of the time that is left,
and at least `JOB_SECONDS`. It is safe to run a job, or the whole run, twice at the same time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lib import deadline
from lib.access.endpoint import CRON_SECONDS
from lib.errors import AppError
from lib.logs import log, place
from lib.operations.wire import NightlyJobOut, NightlyOut
from lib.routes import ENDPOINTS
from lib.web.functions import scheduled_job

JOB_SECONDS = 30.0
"""Seconds that a job may need; if fewer are left, it is not started."""


@dataclass(frozen=True)
class Job:
    """A job, and the path of the call that runs it alone."""

    path: str
    run: Callable[[], dict[str, Any]]


def scheduled_jobs() -> tuple[Job, ...]:
    """Return the job of each scheduled row of lib/routes.py, in the table's order."""
    return tuple(Job(row.path, _lazy_job(row.module)) for row in ENDPOINTS if row.schedule)


def run_jobs(jobs: Sequence[Job]) -> NightlyOut:
    """Run the jobs in turn, each with its share of the time that is left."""
    reports = [_run(job, jobs_left=len(jobs) - number) for number, job in enumerate(jobs)]
    failures = [f"{job.path}: {job.outcome}" for job in reports if job.outcome != "ran"]
    return NightlyOut(
        success=not failures,
        message=", ".join(failures) or f"All {len(jobs)} jobs ran",
        jobs=reports,
    )


def _run(job: Job, jobs_left: int) -> NightlyJobOut:
    seconds_left = deadline.seconds_left()
    if seconds_left is None:
        seconds_left = CRON_SECONDS
    if seconds_left < JOB_SECONDS:
        log("job_not_run", path=job.path, seconds_left=round(seconds_left, 1))
        return NightlyJobOut(path=job.path, outcome="not_run")
    try:
        with deadline.at_most(max(JOB_SECONDS, seconds_left / jobs_left)):
            return NightlyJobOut(path=job.path, outcome="ran", result=job.run())
    except Exception as error:  # noqa: BLE001 one job must not stop the others
        log("job_failed", path=job.path, kind=type(error).__name__, at=place(error))
        code = error.code if isinstance(error, AppError) else AppError.code
        return NightlyJobOut(path=job.path, outcome="failed", code=code)


def _lazy_job(module: str) -> Callable[[], dict[str, Any]]:
    """Return a job that is imported when it runs, so that a failed import stops no other job."""

    def run() -> dict[str, Any]:
        return scheduled_job(module)()

    return run
