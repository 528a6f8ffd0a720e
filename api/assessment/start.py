"""POST /api/test/start: start a test, or resume one that the caller holds."""

from typing import Annotated

from lib.access.guard import HoldsAdminPassword
from lib.assessment import errors
from lib.assessment.parameters import StartKey
from lib.assessment.sessions.start import start
from lib.assessment.sessions.wire import StartIn, StartOut
from lib.deps import Deps, get_deps
from lib.errors import NotConfigured, SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.start", tag="Assessment")


@app.post("/api/test/start")
@raises(*errors.START, NotConfigured, SessionNotFound)
def start_test(
    body: StartIn,
    is_operator: HoldsAdminPassword,
    deps: Annotated[Deps, Depends(get_deps)],
    idempotency_key: StartKey = None,
) -> StartOut:
    """Return a session and the question that it waits for.

    The session's id is its credential: whoever holds it can answer. A start resumes a running test
    only for whoever sends its `session_id`, its ticket or the Idempotency-Key of its start. Names
    and criteria that do not fit the rules of the pool are refused.
    """
    return start(body, idempotency_key, deps, is_operator=is_operator)


lambda_handler = lambda_entry(app)
