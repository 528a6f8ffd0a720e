"""Bug reports of students, kept with their session where there is one."""

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb
from lib.deps import Deps
from lib.workshop.api_keys import without_keys
from lib.workshop.progress.wire import BugIn

_queries = load_queries("workshop/bugs.sql")


def report(bug: BugIn, deps: Deps) -> int:
    """Keep the report as an event and, if its session exists, with the session.

    API keys in it are blanked: error messages of providers quote them.
    """
    said = bug.model_dump(by_alias=True, exclude_none=True, exclude={"session_token"})
    said["reportedAt"] = deps.clock().isoformat()
    params = {
        "session_token": bug.session_token,
        "report": as_jsonb(without_keys(said)),
    }
    number: int = deps.postgres.fetch_value(_queries["report_bug"], params)
    return number
