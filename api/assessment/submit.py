"""POST /api/test/submit: grade one answer, return the new proficiency and the next question."""

from typing import Annotated

from fastapi import Depends

from lib.assessment.sessions.submit import submit
from lib.assessment.sessions.wire import CompletedOut, ContinueOut, SubmitIn
from lib.deps import Deps, get_deps
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.submit", tag="Assessment")


@app.post("/api/test/submit")
def submit_answer(
    body: SubmitIn, deps: Annotated[Deps, Depends(get_deps)]
) -> ContinueOut | CompletedOut:
    """Grade an answer exactly once; sending it again changes nothing and returns the same.

    409 for another answer to an answered question (it names the one that is stored), for a question
    that was not asked, and once the test has ended or expired.
    """
    return submit(body, deps)


lambda_handler = lambda_entry(app)
