"""The older path: schema, move and renaming in one call, as long as there is time for it."""

import time
from dataclasses import dataclass

from lib.database.advisory_lock import lock_tables
from lib.database.schema import schema_scripts
from lib.deps import Deps
from lib.legacy.migration import CALL_SECONDS, migrate
from lib.legacy.old_tables import Renamed, require_verified, set_aside
from lib.legacy.run import Phase, Run, make_schema, prepare, unified_schema_exists

SET_ASIDE = ("workshop_students", "workshop_sessions")
"""student_configs stays: the application of that time still uses it."""


@dataclass(frozen=True)
class Normalization:
    """What was done."""

    created_schema: bool
    run: Run
    renamed: list[Renamed]


def normalize(deps: Deps) -> Normalization:
    """Make the unified schema if it is missing, move everything, set the old tables aside.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing; nothing was begun but the schema.
        AlreadyRunning: If another migration, clean-up, restore or rotation runs.
    """
    started = time.monotonic()
    created = _create_schema(deps)
    run = migrate(deps, dry_run=False, call_seconds=CALL_SECONDS - (time.monotonic() - started))
    if run.phase is not Phase.DONE or not run.verified:
        return Normalization(created, run, [])
    stamp = f"{deps.clock():%Y%m%d%H%M%S}"
    with deps.postgres.transaction() as transaction:
        prepare(transaction)
        present = tuple(table for table in SET_ASIDE if run.sources.get(table) is not None)
        if not present:
            return Normalization(created, run, [])
        require_verified(transaction)
        return Normalization(created, run, set_aside(transaction, present, stamp))


def _create_schema(deps: Deps) -> bool:
    with deps.postgres.transaction() as transaction:
        lock_tables(transaction)
        if unified_schema_exists(transaction):
            return False
        for _, script in schema_scripts():
            transaction.execute_script(script)
        make_schema(transaction)
        return True
