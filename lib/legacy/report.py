"""The report of a migration to the person who started it."""

from dataclasses import asdict

from lib.deps import Deps
from lib.legacy.preflight.inspection import Inspection, remarks
from lib.legacy.runs.run import LEGACY_TABLES, Phase, Run
from lib.legacy.runs.store import (
    list_findings,
    present_tables,
    summarize_findings,
    tables_elsewhere,
)
from lib.legacy.verification.verdict import (
    CHECKED_TABLES,
    FATES,
    LOSSES,
    STRAYS,
    checked_rows,
    checksum,
    fates,
    objections,
)
from lib.legacy.wire import (
    Checksums,
    Finding,
    FindingGroup,
    Findings,
    MigrationOut,
    MigrationProgress,
    MigrationSummary,
    Preflight,
    PreflightKeys,
    PreflightTable,
    Source,
    UnifiedRows,
    Verification,
)

FINDINGS_IN_REPORT = 500  # about 100 KB; the platforms limit a response to 4.5 MB
NOT_READ = (
    "{table}: not read, because only workshop_students, student_configs and workshop_sessions in "
    "the schema public are legacy tables: move or rename it, then migrate again"
)
DRY_RUN_IN_PARTS = (
    "This dry run took {calls} calls: each migrated its part, read it back and rolled it back. "
    "Only the real run looks for rows without a parent and for people with more than one record, "
    "because they show only over all parts together."
)


def report(
    run: Run,
    deps: Deps,
    findings_limit: int = FINDINGS_IN_REPORT,
    inspection: Inspection | None = None,
) -> MigrationOut:
    """Return the response of admin-migrate-to-unified-schema."""
    done = run.phase is Phase.DONE
    elsewhere = tables_elsewhere(deps.postgres) if done else []
    sources = _sources(run, deps)
    return MigrationOut(
        message=_message(run, elsewhere),
        done=done,
        dry_run=run.dry_run,
        rolled_back=run.dry_run,
        run_id=run.id,
        preflight=None if inspection is None else _preflight(inspection),
        progress=MigrationProgress(
            phase=run.phase.value,
            percent=int(100 * run.fraction_done),
            interruptions=run.interruptions,
        ),
        summary=_summary(run),
        results=[*_results(run, sources), *(NOT_READ.format(table=table) for table in elsewhere)],
        sources=sources,
        findings=_findings(run, deps, findings_limit),
        verification=_verification(run) if done else None,
        next_steps=_next_steps(run),
    )


def _preflight(inspection: Inspection) -> Preflight:
    return Preflight(
        role=inspection.role.name,
        sees_every_row=inspection.role.sees_every_row,
        tables=[
            PreflightTable(**asdict(table), rows=inspection.rows[table.table] or 0)
            for table in inspection.tables
        ],
        elsewhere=[f"{place.schema_name}.{place.table_name}" for place in inspection.elsewhere],
        keys=PreflightKeys(**asdict(inspection.keys)),
        remarks=remarks(inspection),
    )


def _message(run: Run, elsewhere: list[str]) -> str:
    kind = "Dry run" if run.dry_run else "Migration"
    if run.phase is not Phase.DONE:
        return f"{kind} {int(100 * run.fraction_done)} % done: call again to continue"
    if run.verified and elsewhere:
        return f"{kind} completed without reading {', '.join(elsewhere)}; see results"
    if run.verified and not any(rows is not None for rows in run.sources.values()):
        return f"{kind} completed: there is no legacy table in the schema public"
    if run.verified:
        return f"{kind} completed and verified" + (": nothing was changed" * run.dry_run)
    return f"{kind} completed, but not verified: see verification.whyNot"


def _summary(run: Run) -> MigrationSummary:
    count = run.counts.get
    return MigrationSummary(
        unique_students=count("checked.people", 0) + count("people.anonymous", 0),
        students_migrated=count("people.created", 0),
        workshop_sessions_migrated=count("moved.workshop_students", 0),
        configs_migrated=count("moved.student_configs", 0),
        login_sessions_migrated=count("moved.workshop_sessions", 0),
        total_sessions=count("before.sessions", 0) + count("sessions.created", 0),
        keys_encrypted=count("keys.sealed", 0),
        people_merged=count("people.with_several_rows", 0),
        tokens_merged=count("tokens.with_several_rows", 0),
    )


def _sources(run: Run, deps: Deps) -> list[Source]:
    """Return the outcomes by table; until the tables are counted, only of rows moved so far."""
    row_counts = run.sources or {
        table: sum(fates(run, table).values()) for table in present_tables(deps.postgres)
    }
    return [
        Source(
            table=table,
            present=row_counts.get(table) is not None,
            read=row_counts.get(table) or 0,
            **fates(run, table),
        )
        for table in LEGACY_TABLES
    ]


def _results(run: Run, sources: list[Source]) -> list[str]:
    if run.phase is not Phase.DONE:
        return []

    def count(name: str) -> int:
        return run.counts.get(name, 0)

    return [
        *map(_source_result, sources),
        f"students: {count('people.created')} created, {count('people.updated')} updated",
        "sessions: "
        + ", ".join(f"{count(f'sessions.{fate}')} {fate}" for fate in FATES if fate != "skipped"),
        f"people with several rows: {count('people.with_several_rows')}, merged",
        f"tokens with several rows: {count('tokens.with_several_rows')}, merged",
        f"steps read from exercises: {count('checked.step_progress')}",
        f"API keys stored as plain text: {count('keys.sealed')}, now encrypted",
        *([DRY_RUN_IN_PARTS.format(calls=run.calls)] if run.in_parts else []),
    ]


def _source_result(source: Source) -> str:
    if not source.present:
        return f"{source.table}: no such table"
    return (
        f"{source.table}: {source.read} read = {source.created} created + "
        f"{source.merged} merged + {source.unchanged} unchanged + {source.skipped} skipped"
    )


def _findings(run: Run, deps: Deps, limit: int) -> Findings:
    rows = list_findings(deps.postgres, run, limit + 1)
    groups = summarize_findings(deps.postgres, run, limit)
    return Findings(
        groups=[FindingGroup(**asdict(group)) for group in groups],
        rows=[Finding(**asdict(row)) for row in rows[:limit]],
        complete=len(rows) <= limit,
        sql=f"SELECT * FROM legacy.migration_findings WHERE run_id = {run.id};",  # noqa: S608 a number, for a person to type
    )


def _verification(run: Run) -> Verification:
    return Verification(
        verified=bool(run.verified),
        why_not=objections(run),
        before=_unified_rows(run, "before"),
        after=_unified_rows(run, "after"),
        checksums=[
            Checksums(
                table=table,
                rows=checked_rows(run, table),
                expected=checksum(run, table, "expected"),
                stored=checksum(run, table, "stored"),
            )
            for table in CHECKED_TABLES
        ],
        **{name: run.counts.get(f"strays.{name}", 0) for name in STRAYS},
        **{name: run.counts.get(f"lost.{name}", 0) for name in LOSSES},
    )


def _unified_rows(run: Run, time: str) -> UnifiedRows:
    return UnifiedRows(
        students=run.counts.get(f"{time}.students", 0),
        sessions=run.counts.get(f"{time}.sessions", 0),
        step_progress=run.counts.get(f"{time}.step_progress", 0),
    )


def _next_steps(run: Run) -> list[str]:
    if run.phase is not Phase.DONE:
        return ["Send the same call again until done is true."]
    if not run.verified:
        return [
            "Read verification.whyNot and findings.",
            "Run the migration again: it merges what is new and checks everything.",
        ]
    if run.dry_run:
        return ["Read findings, then call again with dryRun false."]
    return [
        "Check what POST /api/admin-list-configs-v2 returns, and let your pages call it.",
        "Encrypt keys of the old format again: POST /api/admin-rotate-keys.",
        "When everything works: POST /api/admin-cleanup-old-tables renames the old tables.",
        "The renamed tables still hold API keys as plain text: delete them when nobody needs them.",
    ]
