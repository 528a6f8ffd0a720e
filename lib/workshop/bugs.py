"""Bug reports of students, kept with their session where there is one."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb
from lib.deps import Deps
from lib.web.wire import CamelBody, blank_is_none
from lib.workshop.api_keys import without_keys
from lib.workshop.fields import AnyToken, CurrentStep, OptionalEmail, OptionalUrl, ShortText, Text

_queries = load_queries("workshop/bugs.sql")


class BugIn(CamelBody):
    """What went wrong, and where."""

    description: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)
    ]
    session_token: Annotated[AnyToken | None, BeforeValidator(blank_is_none)] = None
    step: Annotated[CurrentStep | None, BeforeValidator(blank_is_none)] = None
    error_message: Text | None = None
    page_url: OptionalUrl = None
    steps_to_reproduce: Text | None = None
    expected_behavior: Text | None = None
    severity: ShortText = None
    user_agent: Annotated[str, StringConstraints(max_length=500)] | None = None
    student_email: OptionalEmail = None
    student_name: ShortText = None


class BugOut(CamelBody):
    """The number under which the report is kept."""

    success: Literal[True] = True
    message: str = "Bug report received"
    report_id: int


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
