"""POST /api/admin-restore: bring a backup back into empty tables."""

from typing import Annotated

from fastapi import Depends

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.operations.answers import restored
from lib.operations.restore import restore
from lib.operations.wire import RestoreIn, RestoreOut
from lib.web.app import create_app, lambda_entry

app = create_app("operations.admin_restore", tag="Workshop: operators")
PATH = "/api/admin-restore"


@app.post(PATH)
def bring_back(body: RestoreIn, deps: Annotated[Deps, Depends(get_deps)]) -> RestoreOut:
    """All of it, or nothing; refused if one of its tables has rows."""
    with audited(deps, PATH) as facts:
        facts["name"] = body.name
        back = restore(body.name, deps, unified_only=body.unified_only)
        facts.update(rows=back.rows, removed_again=back.removed_again)
    return restored(back)


lambda_handler = lambda_entry(app)
