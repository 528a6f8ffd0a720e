"""GET /api/pools and /api/pools/{question_pool_id}: the pools, and one pool with its versions."""

from typing import Annotated

from lib.access.guard import HoldsPassword
from lib.assessment.catalog import lists
from lib.assessment.catalog.wire import OfferedPoolsOut, PoolDetailsOut, PoolsOut
from lib.assessment.errors import PoolNotFound
from lib.assessment.parameters import PoolId
from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, Unauthenticated, raises
from lib.framework import Depends, Query
from lib.web.app import create_app, lambda_entry
from lib.web.cursor import Cursor

app = create_app("assessment.pools", tag="Assessment: operators")
Limit = Annotated[int, Query(ge=1, le=lists.MAX_PAGE, description="Maximum length of the page.")]


@app.get("/api/pools")
@raises(InvalidCursor, Unauthenticated)
def list_pools(
    holds_password: HoldsPassword,
    deps: Annotated[Deps, Depends(get_deps)],
    limit: Limit = lists.MAX_PAGE,
    cursor: Annotated[Cursor, Query()] = None,
) -> PoolsOut | OfferedPoolsOut:
    """Return the pools; on the local server, callers without a password get the public part."""
    return lists.pools(limit, cursor, deps, holds_password=holds_password)


@app.get("/api/pools/{question_pool_id}")
@raises(InvalidCursor, PoolNotFound)
def get_pool(
    question_pool_id: PoolId,
    deps: Annotated[Deps, Depends(get_deps)],
    limit: Limit = lists.MAX_PAGE,
    cursor: Annotated[Cursor, Query()] = None,
) -> PoolDetailsOut:
    """Return a pool with its counts, settings and a page of its versions, newest first."""
    return lists.pool(question_pool_id, limit, cursor, deps)


lambda_handler = lambda_entry(app)
