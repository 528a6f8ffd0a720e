"""GET /api/pools/{question_pool_id}/precision: the precision that tests on a pool can reach."""

from typing import Annotated

from lib.assessment.catalog.precision import precision
from lib.assessment.catalog.wire import PrecisionOut
from lib.assessment.errors import PoolNotFound
from lib.assessment.parameters import PoolId
from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.pool_precision", tag="Assessment: operators")


@app.get("/api/pools/{question_pool_id}/precision")
@raises(PoolNotFound)
def get_precision(
    question_pool_id: PoolId, deps: Annotated[Deps, Depends(get_deps)]
) -> PrecisionOut:
    """Return the standard deviation of θ that a test reaches at each proficiency, by concept."""
    return precision(question_pool_id, deps)


lambda_handler = lambda_entry(app)
