"""Bodies of the operators' calls about the legacy tables."""

from typing import Annotated, Literal

from pydantic import Field

from lib.web.wire import CamelBody


class MigrateIn(CamelBody):
    """Request of admin-migrate-to-unified-schema."""

    dry_run: Annotated[
        bool,
        Field(description="true: do all the work, roll it back, and report what was done."),
    ] = False


class Summary(CamelBody):
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


class Source(CamelBody):
    """Rows of one legacy table; read = created + merged + unchanged + skipped."""

    table: str
    present: bool
    read: int
    created: int
    merged: int
    unchanged: int
    skipped: int


class FindingGroup(CamelBody):
    """Number of findings that differ only in their row."""

    source: str
    field: str
    outcome: str
    reason: str
    rows: int


class Finding(CamelBody):
    """One field of one row."""

    source: str
    row_key: Annotated[
        str,
        Field(description="First 16 hexadecimal digits of the SHA-256 of the row's token."),
    ]
    field: str
    outcome: str
    reason: str


class Findings(CamelBody):
    """Values that were not migrated as they were: skipped, kept raw or repaired."""

    groups: list[FindingGroup]
    rows: list[Finding]
    complete: bool
    """Whether `rows` holds all findings; `sql` lists the others."""
    sql: str


class Checksums(CamelBody):
    """Checksums of the intended and the stored rows; a dry run and the real run have the same."""

    table: str
    rows: int
    expected: str
    stored: str


class UnifiedRows(CamelBody):
    """Rows of the unified tables."""

    students: int
    sessions: int
    step_progress: int


class Verification(CamelBody):
    """Whether the migration can be trusted, after everything was read once more."""

    verified: bool
    why_not: list[str]
    before: UnifiedRows
    after: UnifiedRows
    sessions_without_student: int
    steps_without_session: int
    people_with_more_than_one_record: int
    tokens_missing: int
    values_lost: int
    keys_in_the_clear: int
    set_aside_rows: int
    """Rows of tables that were set aside, without a session; a dry run in parts counts none."""
    checksums: list[Checksums]


class Progress(CamelBody):
    """Progress of a run, which may take several calls."""

    phase: str
    percent: int
    interruptions: int


class MigrationOut(CamelBody):
    """Report of a migration; if `done` is false, another call continues it."""

    success: Literal[True] = True
    message: str
    done: bool
    dry_run: bool
    rolled_back: bool
    run_id: int
    progress: Progress
    summary: Summary
    results: list[str]
    sources: list[Source]
    findings: Findings
    verification: Verification | None
    next_steps: list[str]


class NormalizeOut(CamelBody):
    """Response of admin-normalize-database-v2; if `done` is false, another call continues."""

    success: Literal[True] = True
    message: str
    done: bool
    steps: list[str]
    stats: UnifiedRows
    backup_tables: list[str]
    report: MigrationOut


class ConfirmIn(CamelBody):
    """Request of a call that needs a confirmation."""

    confirm_text: Annotated[str | None, Field(max_length=100)] = None


class SetAsideOut(CamelBody):
    """Legacy tables that were renamed; none was deleted."""

    success: Literal[True] = True
    message: str
    results: list[str]
    backup_tables: list[str]
    permanent_deletion_sql: Annotated[str, Field(alias="permanentDeletionSQL")]


class BringBackOut(CamelBody):
    """Legacy tables that have their original names again."""

    success: Literal[True] = True
    message: str
    results: list[str]
    restored_tables: list[str]
