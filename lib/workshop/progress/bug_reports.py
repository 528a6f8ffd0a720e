"""Bug reports from students."""

import json
from typing import Any

from lib.deps import Deps
from lib.text.redaction import redact
from lib.web.wire import utc_text
from lib.workshop.own_token import without_tokens
from lib.workshop.progress import store
from lib.workshop.progress.wire import BugReportIn

MAX_BYTES_IN_SESSION = 20_000
"""Maximum size of a report in its session, bytes; the event has the whole report."""
TEXT_LENGTHS = (2000, 1000, 500, 250)
"""Maximum lengths of a field, in characters, tried in order until the report has at most
MAX_BYTES_IN_SESSION."""


def report(bug: BugReportIn, deps: Deps) -> int:
    """Store a bug report as an event and, if its session exists, in the session.

    Secrets are removed from the report, since providers' error messages quote them. The session
    token is removed, too, since the address of the page contains it.

    Returns:
        The number of the report.
    """
    fields = bug.model_dump(by_alias=True, exclude_none=True, exclude={"session_token"})
    fields["reportedAt"] = utc_text(deps.clock())
    full_report = without_tokens(redact(fields), bug.session_token)
    return store.record_bug_report(
        deps.postgres, bug.session_token, full_report, shortened(full_report)
    )


def shortened(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report with its long fields cut, each with a note that says so."""
    for length in TEXT_LENGTHS:
        report = {name: _cut(value, length) for name, value in report.items()}
        if len(json.dumps(report, ensure_ascii=False).encode()) <= MAX_BYTES_IN_SESSION:
            break
    return report


def _cut(value: Any, length: int) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= length:
        return value
    note = " … [cut; the event bug_reported has the whole text]"
    return text[: length - len(note)] + note
