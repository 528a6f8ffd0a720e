"""Bodies and answers of the operators' calls about the legacy tables."""

from typing import Annotated, Literal

from pydantic import Field

from lib.web.wire import CamelBody


class MigrateIn(CamelBody):
    """Whether to try or to move."""

    dry_run: Annotated[
        bool, Field(description="true: do all the work, roll it back, and report what it did.")
    ] = False


class Summary(CamelBody):
    """Figures of the run so far."""

    unique_students: int
    """People in the legacy tables: different e-mails, and sessions without one."""
    students_migrated: int
    """Of those, the ones who were not there yet."""
    workshop_sessions_migrated: int
    """Sessions made or changed that stand in workshop_students."""
    configs_migrated: int
    """Sessions made or changed that stand in student_configs."""
    login_sessions_migrated: int
    """Sessions made or changed that stand in workshop_sessions."""
    total_sessions: int
    """Sessions in the unified schema, as if a dry run had been real."""
    keys_encrypted: int
    """API keys that stood in the clear."""


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
    """How often one thing was found."""

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
    """What was not taken over as it stood: skipped, kept raw, mended."""

    groups: list[FindingGroup]
    rows: list[Finding]
    complete: bool
    """Whether `rows` holds all of them; `sql` lists the rest."""
    sql: str


class Checksums(CamelBody):
    """What was meant to be stored, what is; equal in a dry run and in the real one."""

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
    """Whether it can be trusted, from reading everything once more."""

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
    checksums: list[Checksums]


class Progress(CamelBody):
    """How far a run of several calls is."""

    phase: str
    percent: int
    interruptions: int


class MigrationOut(CamelBody):
    """The report. `done: false`: call again, it goes on where it was."""

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


class StatsOut(CamelBody):
    """Rows of the unified tables."""

    students: int
    sessions: int
    step_progress: int


class NormalizeOut(CamelBody):
    """What was done; `done: false`: call again."""

    success: Literal[True] = True
    message: str
    done: bool
    steps: list[str]
    stats: StatsOut
    backup_tables: list[str]
    report: MigrationOut


class ConfirmIn(CamelBody):
    """A call that wants to be confirmed."""

    confirm_text: Annotated[str | None, Field(max_length=100)] = None


class CleanupOut(CamelBody):
    """Old tables renamed, none deleted."""

    success: Literal[True] = True
    message: str
    results: list[str]
    backup_tables: list[str]
    permanent_deletion_sql: Annotated[str, Field(alias="permanentDeletionSQL")]


class RestoreTablesOut(CamelBody):
    """Old tables under their old names again."""

    success: Literal[True] = True
    message: str
    results: list[str]
    restored_tables: list[str]
