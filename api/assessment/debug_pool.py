"""GET /api/debug/pool/{question_pool_id}: report a pool's calibrations and flagged questions."""

from typing import Annotated

from lib.assessment.debug.pool import MAX_PAGE, pool_report
from lib.assessment.debug.wire import PoolDebugOut
from lib.assessment.errors import PoolNotFound
from lib.assessment.parameters import PoolId
from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, raises
from lib.framework import Depends, Query
from lib.web.app import create_app, lambda_entry
from lib.web.cursor import Cursor

app = create_app("assessment.debug_pool", tag="Assessment: operators")


@app.get("/api/debug/pool/{question_pool_id}")
@raises(InvalidCursor, PoolNotFound)
def debug_pool(
    question_pool_id: PoolId,
    deps: Annotated[Deps, Depends(get_deps)],
    limit: Annotated[
        int, Query(ge=1, le=MAX_PAGE, description="Maximum length of the page.")
    ] = MAX_PAGE,
    cursor: Annotated[Cursor, Query()] = None,
) -> PoolDebugOut:
    """Return a pool's calibrations and the questions whose answers contradict their parameters."""
    return pool_report(question_pool_id, limit, cursor, deps)


lambda_handler = lambda_entry(app)
