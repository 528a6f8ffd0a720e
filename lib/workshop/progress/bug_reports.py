"""Bug reports from students."""

from lib.deps import Deps
from lib.redaction import redact
from lib.web.wire import utc_text
from lib.workshop.progress import store
from lib.workshop.progress.wire import BugReportIn


def report(bug: BugReportIn, deps: Deps) -> int:
    """Store a bug report as an event and, if its session exists, in the session.

    Secrets are removed from the report, since providers' error messages quote them.

    Returns:
        The number of the report.
    """
    fields = bug.model_dump(by_alias=True, exclude_none=True, exclude={"session_token"})
    fields["reportedAt"] = utc_text(deps.clock())
    return store.record_bug_report(deps.postgres, bug.session_token, redact(fields))
