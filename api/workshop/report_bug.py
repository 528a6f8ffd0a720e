"""POST /api/report-bug: store a student's bug report."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.progress import bug_reports
from lib.workshop.progress.wire import BugReportIn, BugReportOut

app = create_app("workshop.report_bug", tag="Workshop")


@app.post("/api/report-bug")
def report_bug(body: BugReportIn, deps: Annotated[Deps, Depends(get_deps)]) -> BugReportOut:
    """Store a bug report with its session and as an event `bug_reported`."""
    return BugReportOut(report_id=bug_reports.report(body, deps))


lambda_handler = lambda_entry(app)
