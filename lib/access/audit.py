"""The audit trail of operators' calls: append-only, and each entry holds the previous digest."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any

from lib.access import store
from lib.deps import Deps
from lib.errors import AppError

SEAL_PATTERN = r"^[1-9][0-9]{0,17}\.[A-Za-z0-9_-]{43}$"
"""Id of an entry, and its digest in base64; the log would mask 64 hexadecimal digits as a key."""


class Outcome(StrEnum):
    """Outcome of the work of an admitted call; `sql/access/schema/operators.sql` explains each."""

    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"


def audit(deps: Deps, action: str, outcome: Outcome, facts: Mapping[str, Any]) -> None:
    """Append an entry in a transaction of its own.

    Args:
        deps: Provides Postgres.
        action: Path of the endpoint, or name of a scheduled removal.
        outcome: Outcome of the call.
        facts: Counts and names of tables as JSON values; never personal data.
    """
    store.append_audit(deps.postgres, action, outcome.value, facts)


@contextmanager
def audited(deps: Deps, action: str) -> Iterator[dict[str, Any]]:
    """Audit the outcome of the block, which fills the yielded dict with facts.

    An `AppError` with a 4xx status counts as a rejection, every other error as a failure.
    """
    facts: dict[str, Any] = {}
    try:
        yield facts
    except Exception as error:
        app_error = error if isinstance(error, AppError) else None
        is_rejection = app_error is not None and 400 <= app_error.status < 500  # noqa: PLR2004 HTTP's own ranges
        facts["error"] = app_error.code if app_error is not None else type(error).__name__
        with suppress(AppError):  # an unreachable database must not hide the error
            audit(deps, action, Outcome.REJECTED if is_rejection else Outcome.FAILED, facts)
        raise
    audit(deps, action, Outcome.DONE, facts)


def newest_seal(deps: Deps) -> str | None:
    """Return the id and the digest of the newest entry, as text; None if there is no entry.

    Kept outside the database, it shows later whether entries were cut off at the end, which the
    chain alone cannot show.
    """
    head = store.newest_entry(deps.postgres)
    if head is None:
        return None
    return f"{head.id}.{urlsafe_b64encode(head.entry_sha256).decode().rstrip('=')}"


def seal_holds(deps: Deps, seal: str) -> bool:
    """Return whether the entry of an earlier seal is still there, unchanged.

    Args:
        deps: Provides Postgres.
        seal: A text that matches SEAL_PATTERN.
    """
    number, _, digest = seal.partition(".")
    head = store.ChainHead(id=int(number), entry_sha256=urlsafe_b64decode(digest + "="))
    return store.entry_matches(deps.postgres, head)
