"""The batches of a migration: people first, then sessions with their steps.

The mapping itself is SQL over whole batches (`sql/legacy/`); what SQL cannot do, encrypting the
keys that stood in the clear, is done in key_sealing.py before anything is stored.
"""

from typing import TYPE_CHECKING

from lib.database.queries import Query, load_queries
from lib.database.rows import fetch_dict, fetch_dicts
from lib.database.statements import Params
from lib.errors import Busy
from lib.legacy.key_sealing import seal_keys
from lib.legacy.run import Counts, Run
from lib.vault import Vault

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

people = load_queries("legacy/people.sql")
sessions = load_queries("legacy/sessions.sql")
store = load_queries("legacy/store.sql")
findings = load_queries("legacy/findings.sql")
removed = load_queries("legacy/removed.sql")
verify = load_queries("legacy/verification.sql")


def move_people(transaction: "Transaction", run: Run) -> Counts:
    """Move the people whose e-mail's hash is in the run's next batch."""
    transaction.execute(people["clear_people"])
    counts = Counts()
    with counts.reading():
        transaction.execute(people["stage_people"], _bounds(run))
    transaction.execute(removed["skip_removed_people"])
    transaction.execute(people["analyze_people"])
    counts.add("people.merged", transaction.execute(people["update_students"]))
    counts.add("people.created", transaction.execute(people["insert_students"]))
    transaction.execute(people["analyze_students"])
    _check(transaction, verify["check_people"], "people", counts)
    return counts


def move_sessions(transaction: "Transaction", run: Run, vault: Vault) -> Counts:
    """Move the sessions whose token's hash is in the run's next batch.

    What was mended or not understood stands in pg_temp.findings afterwards.
    """
    counts = Counts()
    _take_batch(transaction, _bounds(run), counts)
    staged, known = _stage(transaction)
    counts.add("keys.sealed", seal_keys(transaction, vault, known=known > 0))
    transaction.execute(sessions["analyze_keys"])
    _find_owners(transaction, run, counts)
    if transaction.execute(store["insert_sessions"]) != staged - known:
        raise Busy  # somebody began one of these sessions this very moment: it is known next time
    transaction.execute(store["analyze_sessions"])
    made = fetch_dict(transaction, store["insert_steps"])
    counts.add("steps.created", made["rows"])
    transaction.execute(store["analyze_step_progress"])
    if known:
        _merge_known(transaction, counts)
    transaction.execute(store["add_accounts"])
    _verify(transaction, counts, made["first_id"])
    for name in ("find_unread", "find_mended_rows", "find_mended_exercises", "find_rival_keys"):
        transaction.execute(findings[name])
    return counts


def _take_batch(transaction: "Transaction", bounds: Params, counts: Counts) -> None:
    """Copy the batch's rows, but for those of what an operator removed."""
    transaction.execute(sessions["clear_stage"])
    with counts.reading():
        transaction.execute(sessions["take_batch"], bounds)
    transaction.execute(sessions["analyze_batch"])
    transaction.execute(removed["skip_removed_sessions"])
    transaction.execute(removed["skip_sessions_of_removed_people"])
    for row in fetch_dicts(transaction, removed["count_removed_rows"]):
        counts.add(f"{row['source']}.skipped", row["rows"])


def _stage(transaction: "Transaction") -> tuple[int, int]:
    """Fill the temporary tables with the batch, merged and mended.

    Returns:
        Tokens of the batch, and those of them that have a session already.
    """
    names = (
        "find_repeated",
        "analyze_repeated",
        "merge_repeated",
        "stage_sessions",
        "analyze_incoming",
        "hide_keys",
        "find_known",
        "stage_steps",
        "total_steps",
        "analyze_steps",
    )
    rows = {name: transaction.execute(sessions[name]) for name in names}
    return rows["stage_sessions"], rows["find_known"]


def _find_owners(transaction: "Transaction", run: Run, counts: Counts) -> None:
    """Find each session's student; make those of sessions without e-mail, and of latecomers.

    A dry run in parts has rolled the people of its earlier calls back: they are not late, and were
    counted.
    """
    transaction.execute(sessions["find_owners"])
    transaction.execute(sessions["analyze_owners"])
    made = fetch_dict(transaction, sessions["insert_late_students"])
    transaction.execute(sessions["find_late_owners"])
    counts.add("people.created", made["anonymous"] + (0 if run.in_parts else made["late"]))


def _merge_known(transaction: "Transaction", counts: Counts) -> None:
    """Bring what is new to sessions that the unified schema has already."""
    counts.add("steps.created", transaction.execute(store["add_steps"]))
    for name in (
        "update_steps",
        "stage_outcome",
        "analyze_outcome",
        "update_sessions",
        "adopt_steps",
        "adopt_events",
    ):
        transaction.execute(store[name])
    counts.add("people.claimed", transaction.execute(store["remove_placeholders"]))


def _verify(transaction: "Transaction", counts: Counts, first_step: int) -> None:
    for row in fetch_dicts(transaction, verify["count_fates"]):
        counts.add(row["name"], row["value"])
    for name, value in fetch_dict(transaction, verify["count_lost"]).items():
        counts.add(f"lost.{name}", value)
    _check(transaction, verify["check_sessions"], "sessions", counts)
    params = {"first_id": first_step}
    _check(transaction, verify["check_steps"], "step_progress", counts, params)


def _check(
    transaction: "Transaction",
    query: Query,
    table: str,
    counts: Counts,
    params: Params | None = None,
) -> None:
    """Add the checksums of what was meant and of what is stored."""
    row = fetch_dict(transaction, query, params)
    counts.add(f"checked.{table}", row["rows"])
    counts.add(f"checksum.{table}.expected", row["expected"])
    counts.add(f"checksum.{table}.stored", row["stored"])


def _bounds(run: Run) -> Params:
    return {"from": run.next_hash, "to": run.batch_end}
