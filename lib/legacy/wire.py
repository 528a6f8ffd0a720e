"""Bodies of the operators' calls about the legacy tables."""

from typing import Annotated

from pydantic import Field

from lib.web.wire import CamelBody, CamelSuccessOut, StrictOperatorIn


class MigrateIn(StrictOperatorIn):
    """Request of admin-migrate-to-unified-schema."""

    dry_run: bool = False
    """true: do all the work, roll it back, and report what was done."""
    accept_unreadable_keys: bool = False
    """true: migrate although ENCRYPTION_KEY does not open all API keys of the legacy tables."""


class NormalizeIn(StrictOperatorIn):
    """Request of admin-normalize-database-v2."""

    accept_unreadable_keys: bool = False
    """true: migrate although ENCRYPTION_KEY does not open all API keys of the legacy tables."""


class MigrationSummary(CamelBody):
    """Figures of the run so far."""

    unique_students: int
    """People in the legacy tables: different e-mails, and sessions without one."""
    students_migrated: int
    """People who were not stored before."""
    workshop_sessions_migrated: int
    """Created or changed sessions with a row in workshop_students."""
    configs_migrated: int
    """Created or changed sessions with a row in student_configs."""
    login_sessions_migrated: int
    """Created or changed sessions with a row in workshop_sessions."""
    total_sessions: int
    """Sessions in the unified schema; a dry run counts those that it rolled back."""
    keys_encrypted: int
    """API keys that were stored as plain text."""
    people_merged: int
    """People with several rows, whose e-mail may be spelled differently; one student each."""
    tokens_merged: int
    """Tokens with several rows, in one table or in several; one session each."""


class Source(CamelBody):
    """Rows of one legacy table: read = created + merged + unchanged + skipped."""

    table: str
    """Name of the table."""
    present: bool
    """Whether the table exists."""
    read: int
    """Rows of the table when the run ended; until then, rows whose outcome is known."""
    created: int
    """Rows from which a session was created."""
    merged: int
    """Rows that added values to a session."""
    unchanged: int
    """Rows whose values were already stored."""
    skipped: int
    """Rows that were not migrated; the findings say why."""


class FindingGroup(CamelBody):
    """Number of findings of one kind, which differ only in their row or in an exercise's name."""

    source: str
    """Table of the rows."""
    field: str
    """Column; `exercises.*` and `exercises.*.timeSpent` stand for exercises of every name."""
    outcome: str
    """Outcome for the values."""
    reason: str
    """Reason why they were not migrated as they were."""
    rows: int
    """Number of findings."""
    examples: list[str]
    """Some of the fields, at most 3, if `field` stands for several."""


class Finding(CamelBody):
    """One field of one row."""

    source: str
    """Table of the row."""
    row_key: str
    """First 16 hexadecimal digits of the SHA-256 of the row's token; for a row without a token, its
    place in the table."""
    field: str
    """Column."""
    outcome: str
    """Outcome for the value: `skipped`, `kept raw` or `mended`, which is repaired."""
    reason: str
    """Reason why it was not migrated as it was."""


class Findings(CamelBody):
    """Values that were not migrated as they were: `skipped`, `kept raw` or `mended`."""

    groups: list[FindingGroup]
    """Number of findings of each kind, in the order `skipped`, `kept raw`, `mended`."""
    rows: list[Finding]
    """Single findings, at most 500: first up to 20 of each kind in that order, then the others."""
    complete: bool
    """Whether `rows` holds all findings; if not, `sql` lists them."""
    sql: str
    """Query that lists all findings."""


class Checksums(CamelBody):
    """Checksums of the intended and the stored rows; a dry run and the real run have the same."""

    table: str
    """Name of the unified table."""
    rows: int
    """Number of rows."""
    expected: str
    """Checksum of the rows as they should be."""
    stored: str
    """Checksum of the rows as they were read back."""


class UnifiedRows(CamelBody):
    """Rows of the unified tables."""

    students: int
    """Rows of `students`."""
    sessions: int
    """Rows of `sessions`."""
    step_progress: int
    """Rows of `step_progress`."""


class Verification(CamelBody):
    """Verdict on the migration, after everything was read again."""

    verified: bool
    """Whether no check of the migration failed."""
    why_not: list[str]
    """Checks that failed."""
    before: UnifiedRows
    """Rows before the run."""
    after: UnifiedRows
    """Rows after the run."""
    sessions_without_student: int
    """Sessions whose student is missing."""
    steps_without_session: int
    """Steps whose session is missing."""
    people_with_more_than_one_record: int
    """People who are stored more than once."""
    tokens_missing: int
    """Rows of the legacy tables whose token no session has."""
    values_lost: int
    """Rows of the legacy tables with a value that was neither migrated nor kept."""
    keys_in_the_clear: int
    """Rows of the legacy tables whose session has an API key in plain text."""
    set_aside_rows: int
    """Rows without a session in tables that were set aside; not counted by a dry run of several
    calls."""
    checksums: list[Checksums]
    """Checksums of each table."""


class MigrationProgress(CamelBody):
    """Progress of a run, which may take several calls."""

    phase: str
    """Next phase of the run; `done` at the end."""
    percent: int
    """Share of the run that is done, 0 to 100."""
    interruptions: int
    """Number of calls that were stopped before they had finished their part."""


class PreflightTable(CamelBody):
    """A legacy table before the migration."""

    table: str
    """Name of the table."""
    kind: str
    """`table`, `view`, `materialized view` or `foreign table`."""
    rows: int
    """Number of rows."""
    bytes: int
    """Size with its indexes; 0 for a view."""
    owner: str
    """Role that owns it."""
    may_rename: bool
    """Whether the database's role can set it aside after the migration."""
    row_level_security: str
    """`off`, `on`, or `forced`, which applies to the owner, too. Hidden rows stop a migration."""
    known_columns: list[str]
    """Columns that the migration reads."""
    unknown_columns: list[str]
    """All other columns."""


class PreflightKeys(CamelBody):
    """API keys of the legacy tables."""

    sealed: int
    """Keys that are encrypted."""
    plain: int
    """Keys in plain text, which the migration encrypts."""
    checked: int
    """Encrypted keys that were decrypted for a check, at most 5,000."""
    unreadable: int
    """Number of checked keys that ENCRYPTION_KEY does not open."""


class Preflight(CamelBody):
    """Result of the inspection before a dry run."""

    role: str
    """The database's role."""
    sees_every_row: bool
    """Whether row-level security hides no rows of any table from the role."""
    tables: list[PreflightTable]
    """Legacy tables that are in the schema `public`."""
    elsewhere: list[str]
    """Tables of the same names in other schemas; they are not migrated."""
    keys: PreflightKeys
    """Numbers of API keys, among them those that ENCRYPTION_KEY does not open."""
    remarks: list[str]
    """Things to do before the real run, the worst first; empty if there are none."""


class MigrationOut(CamelSuccessOut):
    """Report of a migration; if `done` is false, another call continues it."""

    message: str
    done: bool
    """Whether the run has ended; if not, call again."""
    dry_run: bool
    """Whether the run is a dry run, which changes nothing."""
    rolled_back: bool
    """Whether everything was rolled back, as in each dry run."""
    run_id: int
    """Number of the run."""
    preflight: Preflight | None
    """Result of the inspection before a dry run; null in a real run."""
    progress: MigrationProgress
    """Progress of the run."""
    summary: MigrationSummary
    """Figures of the run."""
    results: list[str]
    """The figures in words."""
    sources: list[Source]
    """Outcomes for the rows of each legacy table."""
    findings: Findings
    """Values that were not migrated as they were."""
    verification: Verification | None
    """The verdict; null until the run has ended."""
    next_steps: list[str]
    """What to do next."""


class NormalizeOut(CamelSuccessOut):
    """Response of admin-normalize-database-v2; if `done` is false, another call continues."""

    message: str
    done: bool
    """Whether the migration has ended; if not, call again."""
    steps: list[str]
    """Description of the result."""
    stats: UnifiedRows
    """Rows of the unified tables."""
    backup_tables: list[str]
    """New names of the legacy tables."""
    report: MigrationOut
    """Report of the migration."""


class ConfirmIn(StrictOperatorIn):
    """Request of a call that needs a confirmation."""

    confirm_text: Annotated[str | None, Field(max_length=100)] = None
    """Text that confirms the call; the error of a call without it names the text."""


class SetAsideOut(CamelSuccessOut):
    """Legacy tables that were renamed; none was deleted."""

    message: str
    results: list[str]
    """Result for each table."""
    backup_tables: list[str]
    """New names of the tables."""
    rows_only_in_old_tables: int
    """Rows that were not migrated and are therefore stored nowhere else."""
    permanent_deletion_sql: Annotated[str, Field(alias="permanentDeletionSQL")]
    """Statements that delete the tables for good, to run by hand."""


class BringBackOut(CamelSuccessOut):
    """Legacy or unified tables that have their original names again."""

    message: str
    results: list[str]
    """Result for each table."""
    restored_tables: list[str]
    """Names of the tables."""
