"""Bodies of the operators' calls about the whole installation."""

from typing import Annotated, Any, Literal

from pydantic import Field

from lib.web.wire import CamelBody, CamelSuccessOut, StrictOperatorIn, UtcTime


class CreateIn(StrictOperatorIn):
    """Request of admin-create-unified-schema."""

    drop_existing: bool = False
    """Set existing tables aside and start with empty ones."""
    confirm_text: Annotated[str | None, Field(max_length=100)] = None
    """`DROP EXISTING TABLES`; needed if `dropExisting` sets tables with rows aside."""
    finish: bool = False
    """Drop the views that serve the previous version of the tests, once it has stopped."""


class CreateOut(CamelSuccessOut):
    """Tables that were created or set aside, and the next steps."""

    message: str
    results: list[str]
    """Result for each table."""
    backup: str | None
    """Location of the backup that dropExisting wrote first."""
    next_steps: list[str]
    """What to do next."""


class BackupOut(CamelSuccessOut):
    """A backup that was written."""

    message: str
    name: str
    """Name of the backup, for `admin-restore`."""
    location: str
    """Address in the bucket, or path of the file."""
    rows: dict[str, dict[str, int]]
    """Rows of each table, by context."""
    left_out: list[str]
    """Tables that the backup does not contain, and why."""
    bytes: int
    """Size of the backup."""
    sha256: str
    """SHA-256 of the backup, in hexadecimal digits."""


class RestoreIn(StrictOperatorIn):
    """Request of admin-restore."""

    name: Annotated[str, Field(max_length=100)]
    """The name from the response of admin-backup."""
    unified_only: bool = False
    """Restore the workshop's unified tables only."""


class RestoreOut(CamelSuccessOut):
    """A backup that was restored."""

    message: str
    rows: dict[str, dict[str, int]]
    """Restored rows of each table, by context."""
    removed_again: int
    """Number of people whom an operator had removed after the backup and who were removed again.
    The contexts share people, so this is the largest of their numbers, not the sum."""
    notes: list[str]
    """Differences from the database that was backed up."""


class RotationOut(CamelSuccessOut):
    """Result of a key rotation; if `done` is false, another call continues.

    The keys that it counts are stored API keys, account SIDs and auth tokens.
    """

    message: str
    done: bool
    """Whether all readable keys are sealed with the current encryption key."""
    rotated: int
    """Keys that this call sealed with the current encryption key."""
    unreadable: int
    """Keys that are damaged, or sealed with an encryption key that is not configured; unchanged."""
    remaining: int
    """Keys that are left for the next call."""


class AuditEntry(CamelBody):
    """An entry of the operators' audit trail."""

    id: int
    """Number of the entry, from 1, without gaps."""
    happened_at: UtcTime
    """Time of the entry."""
    action: str
    """Path of the endpoint, or name of a scheduled removal, such as `retention of tests`."""
    outcome: str
    """Outcome: `allowed`, `refused` or `locked` for the credential; `done`, `rejected` or `failed`
    for the work."""
    address: str | None
    """Fingerprint of the caller's address, the same for each call from there."""
    facts: dict[str, Any]
    """Counts and names of tables."""


class AuditOut(CamelSuccessOut):
    """A page of the audit trail, and whether the trail is whole."""

    entries: list[AuditEntry]
    """The entries, newest first."""
    next_cursor: str | None
    """Cursor of the next page; null on the last one."""
    first_broken_entry: int | None
    """First entry that was changed, or that follows a missing one; null if there is none. The whole
    trail is verified on the first page, and not on the others."""
    newest_seal: str | None
    """Id and digest of the newest entry; the nightly clean-up logs it."""
    seal_holds: bool | None
    """Whether the entry of the `seal` that was sent is still there; false shows that the end of the
    trail was cut off or replaced. Null if none was sent."""


class NightlyJobOut(CamelBody):
    """Outcome of one job."""

    path: str
    """Path that runs the job alone."""
    outcome: Literal["ran", "failed", "not_run"]
    """`not_run` if too little time was left for it."""
    code: str | None = None
    """Code of the error that ended the job, as its path alone would return it; null unless the job
    failed."""
    result: dict[str, Any] | None = None
    """Response of the job; null unless it ran."""


class NightlyOut(CamelBody):
    """All jobs of the nightly run, in the order in which they ran."""

    success: bool
    """False if a job failed or was not run; the status is then 500."""
    message: str
    jobs: list[NightlyJobOut]
    """Outcome of each job."""
