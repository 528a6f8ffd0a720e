"""POST /api/admin-delete-sessions: remove the API keys of sessions, or whole sessions."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.errors import OlderTableRefuses
from lib.workshop.instructor import removal
from lib.workshop.instructor.wire import DeletedSessionsOut, DeleteSessionsIn

app = create_app("workshop.admin_delete_sessions", tag="Workshop: operators")
PATH = "/api/admin-delete-sessions"


@app.post(PATH)
@raises(AlreadyRunning, OlderTableRefuses)
def delete_sessions(
    body: DeleteSessionsIn, deps: Annotated[Deps, Depends(get_deps)]
) -> DeletedSessionsOut:
    """Remove API keys or whole sessions; unknown tokens are ignored."""
    with audited(deps, PATH) as facts:
        deleted = removal.delete_sessions(body, deps)
        facts.update(keys=deleted.keys_deleted, sessions=deleted.sessions_deleted)
    return deleted


lambda_handler = lambda_entry(app)
