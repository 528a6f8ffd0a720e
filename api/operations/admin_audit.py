"""GET /api/admin-audit: read the trail of operators' calls, and verify it."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, raises
from lib.framework import Depends
from lib.operations.audit_trail import AuditQuery, read
from lib.operations.wire import AuditOut
from lib.web.app import create_app, lambda_entry

app = create_app("operations.admin_audit", tag="Workshop: operators")


@app.get("/api/admin-audit")
@raises(InvalidCursor)
def get_admin_audit(
    query: Annotated[AuditQuery, Depends()], deps: Annotated[Deps, Depends(get_deps)]
) -> AuditOut:
    """Return a page of entries, newest first; the first page also verifies the whole trail."""
    return read(query, deps)


lambda_handler = lambda_entry(app)
