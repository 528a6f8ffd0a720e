"""GET /api/pools/{question_pool_id}/questions: questions with their correct answers."""

from typing import Annotated

from lib.assessment.catalog import lists
from lib.assessment.catalog.wire import PoolQuestionsOut
from lib.assessment.errors import PoolNotFound
from lib.assessment.parameters import PoolId
from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, raises
from lib.framework import Depends, Query
from lib.web.app import create_app, lambda_entry
from lib.web.cursor import Cursor

app = create_app("assessment.pool_questions", tag="Assessment: operators")


@app.get("/api/pools/{question_pool_id}/questions")
@raises(InvalidCursor, PoolNotFound)
def list_questions(
    question_pool_id: PoolId,
    deps: Annotated[Deps, Depends(get_deps)],
    limit: Annotated[
        int, Query(ge=1, le=lists.MAX_QUESTIONS, description="Maximum length of the page.")
    ] = lists.MAX_QUESTIONS,
    cursor: Annotated[Cursor, Query()] = None,
) -> PoolQuestionsOut:
    """Return a page of questions with correct answers, parameters and statistics."""
    return lists.questions(question_pool_id, limit, cursor, deps)


lambda_handler = lambda_entry(app)
