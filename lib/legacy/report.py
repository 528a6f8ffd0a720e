"""What a migration tells the person who asked for it."""

from typing import Any

from lib.deps import Deps
from lib.legacy.migration import LEGACY_TABLES
from lib.legacy.run import Phase, Run, queries
from lib.legacy.verification import CHECKED_TABLES, CHECKSUM_NAMES, checksum, fates, verdict
from lib.legacy.wire import (
    Checksums,
    Finding,
    FindingGroup,
    Findings,
    MigrationOut,
    Progress,
    Source,
    Summary,
    UnifiedRows,
    Verification,
)

FINDINGS_IN_ANSWER = 500  # about 100 KB; the platforms end an answer at 4.5 MB
IN_PARTS = (
    "This dry run took {calls} calls: each tried its part, read it back and rolled it back. Rows "
    "without a parent and people with more than one record, which show over all parts together, "
    "are looked for by the real run alone."
)
STRAYS = (
    "sessions_without_student",
    "steps_without_session",
    "people_with_more_than_one_record",
)
LOST = ("tokens_missing", "values_lost", "keys_in_the_clear")


def report(run: Run, deps: Deps) -> MigrationOut:
    """The whole answer."""
    done = run.phase is Phase.DONE
    return MigrationOut(
        message=_message(run),
        done=done,
        dry_run=run.dry_run,
        rolled_back=run.dry_run,
        run_id=run.id,
        progress=Progress(
            phase=run.phase.value,
            percent=int(100 * run.fraction_done),
            interruptions=run.interruptions,
        ),
        summary=_summary(run),
        results=_results(run),
        sources=_sources(run),
        findings=_findings(run, deps),
        verification=_verification(run) if done else None,
        next_steps=_next_steps(run),
    )


def _message(run: Run) -> str:
    what = "Dry run" if run.dry_run else "Migration"
    if run.phase is not Phase.DONE:
        return f"{what} {int(100 * run.fraction_done)} % done: call again, it goes on from here"
    if run.verified:
        return f"{what} completed and verified" + (": nothing was changed" * run.dry_run)
    return f"{what} completed, but not verified: see verification.whyNot"


def _summary(run: Run) -> Summary:
    counts = run.counts
    created = counts.get("sessions.created", 0)
    return Summary(
        unique_students=counts.get("checked.people", 0) + counts.get("people.anonymous", 0),
        students_migrated=counts.get("people.created", 0),
        workshop_sessions_migrated=counts.get("moved.workshop_students", 0),
        configs_migrated=counts.get("moved.student_configs", 0),
        login_sessions_migrated=counts.get("moved.workshop_sessions", 0),
        total_sessions=counts.get("before.sessions", 0) + created,
        keys_encrypted=counts.get("keys.sealed", 0),
    )


def _sources(run: Run) -> list[Source]:
    present = [table for table in LEGACY_TABLES if run.sources.get(table) is not None]
    return [
        Source(
            table=table,
            present=table in present,
            read=run.sources.get(table) or 0,
            **fates(run, table),
        )
        for table in LEGACY_TABLES
    ]


def _results(run: Run) -> list[str]:
    if run.phase is not Phase.DONE:
        return []

    def n(name: str) -> int:
        return run.counts.get(name, 0)

    made, merged, same = (n(f"sessions.{fate}") for fate in ("created", "merged", "unchanged"))
    return [
        *(
            f"{source.table}: {source.read} rows read = {source.created} created + "
            f"{source.merged} merged + {source.unchanged} unchanged + {source.skipped} skipped"
            if source.present
            else f"{source.table}: no such table"
            for source in _sources(run)
        ),
        f"students: {n('people.created')} created, {n('people.merged')} brought up to date",
        f"sessions: {made} created, {merged} merged, {same} unchanged",
        f"step_progress: {n('checked.step_progress')} steps read from exercises",
        f"API keys: {n('keys.sealed')} stood in the clear and were encrypted",
        *([IN_PARTS.format(calls=run.calls)] if run.in_parts else []),
    ]


def _findings(run: Run, deps: Deps) -> Findings:
    def rows(query: str, limit: int, kind: type[Any]) -> list[Any]:
        return deps.postgres.fetch_all(
            queries[query], {"id": run.id, "limit": limit}, kind, read=True
        )

    found = rows("list_findings", FINDINGS_IN_ANSWER + 1, Finding)
    return Findings(
        groups=rows("summarize_findings", FINDINGS_IN_ANSWER, FindingGroup),
        rows=found[:FINDINGS_IN_ANSWER],
        complete=len(found) <= FINDINGS_IN_ANSWER,
        sql=f"SELECT * FROM legacy.migration_findings WHERE run_id = {run.id};",  # noqa: S608 a number, for a person to type
    )


def _verification(run: Run) -> Verification:
    counts = run.counts
    before, after = (
        UnifiedRows(**{table: counts.get(f"{when}.{table}", 0) for table in CHECKED_TABLES})
        for when in ("before", "after")
    )
    return Verification(
        verified=bool(run.verified),
        why_not=verdict(run),
        before=before,
        after=after,
        checksums=[
            Checksums(
                table=table,
                rows=counts.get(f"checked.{CHECKSUM_NAMES.get(table, table)}", 0),
                expected=checksum(run, table, "expected"),
                stored=checksum(run, table, "stored"),
            )
            for table in CHECKED_TABLES
        ],
        **{name: counts.get(f"strays.{name}", 0) for name in STRAYS},
        **{name: counts.get(f"lost.{name}", 0) for name in LOST},
    )


def _next_steps(run: Run) -> list[str]:
    if run.phase is not Phase.DONE:
        return ["Call again with the same body until done is true."]
    if not run.verified:
        return [
            "Read verification.whyNot and findings.",
            "Run the migration again: it merges what is new and checks everything.",
        ]
    if run.dry_run:
        return ["Read findings, then call again with dryRun false."]
    return [
        "Check the instructor's dashboard; point its pages to /api/admin-list-configs-v2.",
        "Seal keys of the old format, too: POST /api/admin-rotate-keys.",
        "When all is well: POST /api/admin-cleanup-old-tables renames the old tables.",
        "They still hold API keys in the clear: delete them when nobody has missed them.",
    ]
