"""POST /api/admin-normalize-database-v2: schema, migration and renaming in one call."""

from typing import Annotated

from lib.access.audit import audited
from lib.database.errors import SchemaNeedsDecision
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, raises
from lib.framework import Depends
from lib.legacy.errors import KeysUnreadable, NotSafeYet, TablesSetAside
from lib.legacy.normalization import normalize
from lib.legacy.responses import normalize_response
from lib.legacy.wire import NormalizeIn, NormalizeOut
from lib.web.app import create_app, lambda_entry

app = create_app("legacy.admin_normalize_database_v2", tag="Workshop: legacy tables")
PATH = "/api/admin-normalize-database-v2"


@app.post(PATH)
@raises(AlreadyRunning, KeysUnreadable, NotSafeYet, SchemaNeedsDecision, TablesSetAside)
def normalize_database(
    deps: Annotated[Deps, Depends(get_deps)],
    body: NormalizeIn | None = None,
) -> NormalizeOut:
    """Create the schema, migrate, and rename the legacy tables once the migration is verified."""
    with audited(deps, PATH) as facts:
        accept = body is not None and body.accept_unreadable_keys
        result = normalize(deps, stop_at_unreadable_keys=not accept)
        facts.update(run=result.run.id, tables=[table.new_name for table in result.renamed_tables])
    return normalize_response(result, deps)


lambda_handler = lambda_entry(app)
