"""GET /api/debug/session/{session_id}: compare a session in Redis and Postgres."""

from typing import Annotated

from lib.assessment.debug.session import compare
from lib.assessment.debug.wire import SessionDebugOut
from lib.assessment.errors import StepNotReached
from lib.assessment.parameters import TestId
from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends, Query
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.debug_session", tag="Assessment: operators")


@app.get("/api/debug/session/{session_id}")
@raises(StepNotReached, SessionNotFound)
def debug_session(
    session_id: TestId,
    deps: Annotated[Deps, Depends(get_deps)],
    explain: Annotated[
        bool, Query(description="Whether to explain why a question was chosen.")
    ] = False,
    step: Annotated[
        int | None,
        Query(
            ge=0, description="Number of answers before the explained choice; default: the last."
        ),
    ] = None,
) -> SessionDebugOut:
    """Return a session as Redis and Postgres hold it, with the differences.

    With `explain`, the response also has the candidates of a step, with their expected information
    and eligibility.
    """
    return compare(session_id, deps, is_explained=explain, step=step)


lambda_handler = lambda_entry(app)
