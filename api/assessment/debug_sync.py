"""POST /api/debug/sync/{session_id}: synchronise Redis with Postgres, for operators."""

from typing import Annotated

from lib.assessment.debug.session import sync
from lib.assessment.debug.wire import SyncOut
from lib.assessment.errors import CacheUnavailable
from lib.assessment.parameters import TestId
from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.debug_sync", tag="Assessment: operators")


@app.post("/api/debug/sync/{session_id}")
@raises(CacheUnavailable, SessionNotFound)
def debug_sync(session_id: TestId, deps: Annotated[Deps, Depends(get_deps)]) -> SyncOut:
    """Rebuild the session's snapshot from Postgres, or remove that of a closed session."""
    return sync(session_id, deps)


lambda_handler = lambda_entry(app)
