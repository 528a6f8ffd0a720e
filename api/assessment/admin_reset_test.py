"""POST /api/admin-reset-test: close a test without a result so that the student may restart."""

from typing import Annotated

from lib.access.audit import audited
from lib.assessment.errors import SessionClosed
from lib.assessment.sessions.reset import reset
from lib.assessment.sessions.wire import ResetIn, ResetOut
from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.admin_reset_test", tag="Assessment: operators")
PATH = "/api/admin-reset-test"


@app.post(PATH)
@raises(SessionClosed, SessionNotFound)
def reset_test(body: ResetIn, deps: Annotated[Deps, Depends(get_deps)]) -> ResetOut:
    """Close an open test; its answers change no proficiency and no calibration.

    409 if the test has ended with a result; a test that was reset before stays as it is.
    """
    with audited(deps, PATH) as facts:
        result = reset(body, deps)
        facts.update(questions_answered=result.questions_answered)
    return result


lambda_handler = lambda_entry(app)
