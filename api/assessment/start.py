"""POST /api/test/start: start a test, or resume the one that is open."""

from typing import Annotated

from lib.assessment.errors import (
    NoGradableQuestion,
    PoolNotFound,
    QuestionNotFound,
    SessionConceptMismatch,
)
from lib.assessment.sessions.start import start
from lib.assessment.sessions.wire import StartIn, StartOut
from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.start", tag="Assessment")


@app.post("/api/test/start")
@raises(NoGradableQuestion, PoolNotFound, QuestionNotFound, SessionConceptMismatch)
def start_test(body: StartIn, deps: Annotated[Deps, Depends(get_deps)]) -> StartOut:
    """Return a session and its first question; a second start returns the same session.

    The session's id is its credential: whoever holds it can answer. 404 if the pool does not
    exist, 422 if `concept_names` does not hold one name for each concept that the pool tests.
    """
    return start(body, deps)


lambda_handler = lambda_entry(app)
