"""POST /api/test/submit: grade an answer; return the new proficiency and the next question."""

from typing import Annotated

from lib.assessment import errors
from lib.assessment.sessions.submit import submit
from lib.assessment.sessions.wire import CompletedOut, ContinueOut, SubmitIn
from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.submit", tag="Assessment")


@app.post("/api/test/submit")
@raises(
    SessionNotFound,
    errors.NoSuchOption,
    errors.OtherAnswerRecorded,
    errors.QuestionNotFound,
    errors.SessionClosed,
    errors.SessionExpired,
    errors.SessionOfOtherStudent,
    errors.UnexpectedQuestion,
)
def submit_answer(
    body: SubmitIn, deps: Annotated[Deps, Depends(get_deps)]
) -> ContinueOut | CompletedOut:
    """Grade an answer exactly once; a repeated request changes nothing and has the same response.

    409 if the question was answered with another option (the message names it), if the test waits
    for another question, or if it has ended or expired.
    """
    return submit(body, deps)


lambda_handler = lambda_entry(app)
