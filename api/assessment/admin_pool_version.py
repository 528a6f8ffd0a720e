"""POST /api/admin-pool-version: go back to an earlier version of a pool."""

from typing import Annotated

from lib.access.audit import audited
from lib.assessment.catalog.change import go_back
from lib.assessment.catalog.wire import PoolVersionIn, PoolVersionOut
from lib.assessment.errors import PoolNotFound, PoolVersionNotFound
from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.admin_pool_version", tag="Assessment: operators")
PATH = "/api/admin-pool-version"


@app.post(PATH)
@raises(PoolNotFound, PoolVersionNotFound)
def go_back_to_version(
    body: PoolVersionIn, deps: Annotated[Deps, Depends(get_deps)]
) -> PoolVersionOut:
    """Restore an earlier version's parameters and settings for tests that start later."""
    with audited(deps, PATH) as facts:
        result = go_back(body, deps)
        facts.update(question_pool_id=str(body.question_pool_id), version=result.version)
    return result


lambda_handler = lambda_entry(app)
