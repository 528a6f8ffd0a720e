"""GET /api/nightly: run every scheduled job; for platforms that allow few schedules."""

from lib.framework import Response
from lib.operations.nightly import run_jobs, scheduled_jobs
from lib.operations.wire import NightlyOut
from lib.web.app import create_app, lambda_entry

app = create_app("operations.nightly", tag="Workshop: operators")


@app.get("/api/nightly")
def run_nightly_jobs(response: Response) -> NightlyOut:
    """Run every job of the schedules, one after the other; safe to call at any time.

    A job that fails does not stop the others. The status is 500 if a job failed or was not run.
    """
    result = run_jobs(scheduled_jobs())
    response.status_code = 200 if result.success else 500
    return result


lambda_handler = lambda_entry(app)
