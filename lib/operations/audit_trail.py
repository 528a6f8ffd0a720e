"""The operators' audit trail, for an operator to read."""

from dataclasses import dataclass
from typing import Annotated

from lib.access import store
from lib.access.audit import SEAL_PATTERN, newest_seal, seal_holds
from lib.deps import Deps
from lib.framework import Query
from lib.operations.wire import AuditEntry, AuditOut
from lib.web import cursor
from lib.web.cursor import Cursor
from lib.web.wire import UtcTime

MAX_PAGE_BYTES = 4_000_000


@dataclass(frozen=True)
class AuditQuery:
    """Parameters of a page of the audit trail."""

    limit: Annotated[int, Query(ge=1, le=2000, description="Maximum number of entries.")] = 200
    cursor: Annotated[Cursor, Query()] = None
    action: Annotated[
        str | None,
        Query(
            max_length=200,
            pattern=r"^[^\x00]*$",
            description="Path of the endpoint, or name of a scheduled removal.",
        ),
    ] = None
    outcome: Annotated[
        str | None,
        Query(
            pattern="^(allowed|refused|locked|done|rejected|failed)$",
            description="Outcome of the calls.",
        ),
    ] = None
    since: Annotated[UtcTime | None, Query(description="Only entries from this time on.")] = None
    until: Annotated[UtcTime | None, Query(description="Only entries before this time.")] = None
    seal: Annotated[
        str | None,
        Query(pattern=SEAL_PATTERN, description="A `newestSeal` from earlier, to be checked."),
    ] = None


def read(query: AuditQuery, deps: Deps) -> AuditOut:
    """Return a page of the trail; the first page also says whether the trail is whole.

    Raises:
        InvalidCursor: If the cursor is not the nextCursor of a page.
    """
    before = None if query.cursor is None else cursor.read(query.cursor, _entry_id)[0]
    filters = store.AuditFilter(
        before=before,
        action=query.action,
        outcome=query.outcome,
        since=query.since,
        until=query.until,
        limit=query.limit,
        max_bytes=MAX_PAGE_BYTES,
    )
    rows = store.load_audit_page(deps.postgres, filters)
    is_last_page = len(rows) < query.limit and (not rows or len(rows) == rows[0].page_rows)
    return AuditOut(
        entries=[AuditEntry.model_validate(row, from_attributes=True) for row in rows],
        next_cursor=None if is_last_page else cursor.write(rows[-1].id),
        first_broken_entry=store.first_broken_entry(deps.postgres) if before is None else None,
        newest_seal=newest_seal(deps),
        seal_holds=None if query.seal is None else seal_holds(deps, query.seal),
    )


def _entry_id(part: object) -> int:
    """Return the id in a cursor.

    Raises:
        ValueError: If it is not the id of an entry.
    """
    if not isinstance(part, int) or isinstance(part, bool) or not 0 < part < 2**63:
        raise ValueError
    return part
