"""Removal of tests after their retention time, by the scheduled clean-up."""

import time

from lib.access.audit import Outcome, audit
from lib.assessment.sessions import store
from lib.assessment.sessions.store import RemovedTests
from lib.deps import Deps
from lib.logs import log

BATCH = 500
MAX_SECONDS = 10.0
ACTION = "retention of tests"


def remove_old_tests(deps: Deps) -> RemovedTests:
    """Remove closed tests, oldest first, with their answers, and old proficiencies, in batches.

    If TEST_RETENTION_DAYS is invalid, nothing is removed. Removals are recorded in the audit trail.
    """
    days = deps.settings.test_retention_days
    total = RemovedTests()
    if days is None:
        log(
            "test_retention_disabled",
            reason="TEST_RETENTION_DAYS is not a number of days; nothing was removed. Correct it.",
        )
        return total
    stop_at = time.monotonic() + MAX_SECONDS
    while time.monotonic() < stop_at:
        removed = store.remove_old_tests(deps.postgres, days, BATCH)
        total += removed
        if max(removed.tests, removed.proficiencies) < BATCH:
            break
    if total != RemovedTests():
        audit(deps, ACTION, Outcome.DONE, vars(total))
    return total
