"""POST /api/admin-create-unified-schema: create the schema, or bring an older one up to date."""

from typing import Annotated

from lib.access.audit import audited
from lib.database.errors import SchemaNeedsDecision
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, raises
from lib.framework import Depends
from lib.operations.errors import BackupPlaceUnavailable, ConfirmationMissing, CreationRunning
from lib.operations.responses import creation_response
from lib.operations.schema.renewal import renew_schema
from lib.operations.wire import CreateIn, CreateOut
from lib.web.app import create_app, lambda_entry

app = create_app("operations.admin_create_unified_schema", tag="Workshop: operators")
PATH = "/api/admin-create-unified-schema"


@app.post(PATH)
@raises(
    AlreadyRunning,
    BackupPlaceUnavailable,
    ConfirmationMissing,
    CreationRunning,
    SchemaNeedsDecision,
)
def create_unified_schema(body: CreateIn, deps: Annotated[Deps, Depends(get_deps)]) -> CreateOut:
    """Create or update the schema; repeating the call is safe.

    With `dropExisting`, back up and rename the existing tables, and start empty.
    With `finish`, stop serving the previous version of the tests.
    """
    with audited(deps, PATH) as facts:
        options = {"drop_existing": body.drop_existing, "finish": body.finish}
        renewal = renew_schema(deps, confirmation=body.confirm_text, **options)
        facts["set_aside"] = [table.new_name for table in renewal.creation.set_aside]
        facts["backup"] = renewal.backup.name if renewal.backup else None
    return creation_response(renewal)


lambda_handler = lambda_entry(app)
