"""GET /api/pools/{question_pool_id}/results: the tests on a pool, as JSON or CSV."""

from typing import Annotated, Literal

from lib.assessment.errors import PoolNotFound
from lib.assessment.parameters import PoolId
from lib.assessment.results.pool_results import MAX_PAGE, as_csv, pool_results
from lib.assessment.results.wire import PoolResultsOut
from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, raises
from lib.framework import Depends, Query, Response
from lib.web import csv_body
from lib.web.app import create_app, lambda_entry
from lib.web.cursor import Cursor

app = create_app("assessment.pool_results", tag="Assessment: operators")


@app.get(
    "/api/pools/{question_pool_id}/results",
    response_model=PoolResultsOut,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
@raises(InvalidCursor, PoolNotFound)
def get_results(
    question_pool_id: PoolId,
    deps: Annotated[Deps, Depends(get_deps)],
    limit: Annotated[
        int, Query(ge=1, le=MAX_PAGE, description="Maximum length of the page.")
    ] = MAX_PAGE,
    cursor: Annotated[Cursor, Query()] = None,
    format: Annotated[Literal["json", "csv"], Query(description="Form of the page.")] = "json",  # noqa: A002
) -> PoolResultsOut | Response:
    """Return a page of tests, newest first; CSV has the next cursor in `X-Next-Cursor`."""
    page = pool_results(question_pool_id, limit, cursor, deps)
    if format == "json":
        return page
    return csv_body.response(as_csv(page), "results.csv", page.next_cursor)


lambda_handler = lambda_entry(app)
