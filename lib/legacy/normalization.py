"""The work of admin-normalize-database-v2: schema, migration and renaming in one call.

What one call has no time for is done by the next.
"""

import time
from dataclasses import dataclass, replace

from lib.database.advisory_lock import lock_and_limit
from lib.database.errors import SchemaNeedsDecision
from lib.database.schema import upgrade_schema
from lib.deps import Deps
from lib.legacy.migration import migrate
from lib.legacy.old_tables.rename import require_verified, set_aside
from lib.legacy.old_tables.store import RenamedTable
from lib.legacy.runs.pace import DEFAULT_PACE, Pace
from lib.legacy.runs.run import Phase, Run
from lib.legacy.runs.start import prepare
from lib.legacy.runs.store import make_schema, unified_schema_exists

SET_ASIDE = ("workshop_students", "workshop_sessions")
"""Tables to set aside. student_configs stays: the application for which this endpoint was made
still uses it."""


@dataclass(frozen=True)
class Normalization:
    """Result of one call."""

    created_schema: bool
    run: Run
    renamed_tables: list[RenamedTable]


def normalize(
    deps: Deps, pace: Pace = DEFAULT_PACE, *, stop_at_unreadable_keys: bool = False
) -> Normalization:
    """Create the unified schema if it is missing, and migrate; then set the old tables aside.

    They are only set aside once the migration is complete and verified.

    Raises:
        KeysUnreadable: If a key cannot be opened, and `stop_at_unreadable_keys` is set.
        NotConfigured: If ENCRYPTION_KEY is missing; at most the schema was created.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock`.
        SchemaNeedsDecision: If the schema is missing and cannot be created without a decision.
        TablesSetAside: As for `migrate`.
        NotSafeYet: If the old tables were written to after the migration.
    """
    started = time.monotonic()
    created_schema = _create_schema(deps)
    seconds_left = pace.call_seconds - (time.monotonic() - started)
    run = migrate(
        deps,
        dry_run=False,
        pace=replace(pace, call_seconds=seconds_left),
        stop_at_unreadable_keys=stop_at_unreadable_keys,
    )
    if run.phase is not Phase.DONE or not run.verified:
        return Normalization(created_schema, run, [])
    stamp = f"{deps.clock():%Y%m%d%H%M%S}"
    with deps.postgres.transaction() as transaction:
        prepare(transaction)
        present_tables = tuple(table for table in SET_ASIDE if run.sources.get(table) is not None)
        if not present_tables:
            return Normalization(created_schema, run, [])
        require_verified(transaction)
        return Normalization(created_schema, run, set_aside(transaction, present_tables, stamp))


def _create_schema(deps: Deps) -> bool:
    with deps.postgres.transaction() as transaction:
        lock_and_limit(transaction)
        if unified_schema_exists(transaction):
            return False
        upgrade = upgrade_schema(transaction.connection)
        if not unified_schema_exists(transaction):
            raise SchemaNeedsDecision(reason=" ".join([*upgrade.refused, "Nothing was changed."]))
        make_schema(transaction)
        return True
