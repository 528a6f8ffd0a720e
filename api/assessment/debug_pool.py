"""GET /api/debug/pool/{question_pool_id}: calibrations and flagged questions, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from lib.assessment.pools.debug import MAX_PAGE, look
from lib.assessment.pools.wire import PoolDebugOut
from lib.deps import Deps, get_deps
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.debug_pool", tag="Assessment: operators")


@app.get("/api/debug/pool/{question_pool_id}")
def debug_pool(
    question_pool_id: UUID,
    deps: Annotated[Deps, Depends(get_deps)],
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> PoolDebugOut:
    """Return how its calibrations went, and the questions whose answers contradict them."""
    return look(question_pool_id, limit, offset, deps)


lambda_handler = lambda_entry(app)
