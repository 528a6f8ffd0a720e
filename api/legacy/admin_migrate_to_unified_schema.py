"""POST /api/admin-migrate-to-unified-schema: migrate the legacy tables, or do a dry run."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, raises
from lib.framework import Depends
from lib.legacy.errors import KeysUnreadable, TablesSetAside, UnifiedSchemaNotFound
from lib.legacy.migration import migrate
from lib.legacy.preflight.inspection import inspect
from lib.legacy.report import report
from lib.legacy.wire import MigrateIn, MigrationOut
from lib.web.app import create_app, lambda_entry

app = create_app("legacy.admin_migrate_to_unified_schema", tag="Workshop: legacy tables")
PATH = "/api/admin-migrate-to-unified-schema"


@app.post(PATH)
@raises(AlreadyRunning, KeysUnreadable, TablesSetAside, UnifiedSchemaNotFound)
def migrate_to_unified_schema(
    body: MigrateIn, deps: Annotated[Deps, Depends(get_deps)]
) -> MigrationOut:
    """Add new rows and values, but keep newer values of the unified schema; safe to repeat."""
    with audited(deps, PATH) as facts:
        facts["dryRun"] = body.dry_run
        inspection = inspect(deps) if body.dry_run else None
        run = migrate(
            deps, dry_run=body.dry_run, stop_at_unreadable_keys=not body.accept_unreadable_keys
        )
        facts.update(run=run.id, phase=run.phase.value, verified=run.verified)
    return report(run, deps, inspection=inspection)


lambda_handler = lambda_entry(app)
