"""Migration of one batch of sessions with their steps.

The mapping is SQL over whole batches; only the encryption of secrets is done in Python, before
anything is stored.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING

from lib.errors import Busy
from lib.legacy.runs.counts import Counts
from lib.legacy.runs.pace import Pace
from lib.legacy.runs.run import Run
from lib.legacy.sessions import store
from lib.legacy.sessions.key_sealing import report_other_accounts, seal_keys
from lib.legacy.sessions.unknown_columns import fill_auth_tokens, seal_unknown_columns
from lib.vault import Vault

if TYPE_CHECKING:
    from lib.database.postgres import Transaction


def move_sessions(transaction: "Transaction", run: Run, vault: Vault, pace: Pace) -> Counts:
    """Migrate the sessions whose token's hash is in the run's next batch.

    Afterwards pg_temp.findings holds what was repaired or not understood.

    Raises:
        Busy: If one of these sessions was opened in the meantime; the next call finds it stored.
    """
    counts = Counts()
    _read_batch(transaction, run, counts)
    counts.add("tokens.with_several_rows", store.count_merged_tokens(transaction))
    seal_unknown_columns(transaction, vault)
    token_counts = store.stage_batch(transaction)
    sealed_count = seal_keys(
        transaction, vault, any_stored=token_counts.stored > 0, at_once=pace.keys_at_once
    )
    counts.add("keys.sealed", sealed_count)
    _add_owners(transaction, run, counts)
    if store.insert_sessions(transaction) != token_counts.tokens - token_counts.stored:
        raise Busy
    steps = store.insert_steps(transaction)
    counts.add("steps.created", steps.rows)
    if token_counts.stored:
        merge_counts = store.merge_stored(transaction)
        counts.add("steps.created", merge_counts.steps_created)
        counts.add("people.claimed", merge_counts.people_claimed)
    store.add_accounts(transaction)
    store.fill_extra(transaction)
    fill_auth_tokens(transaction, vault, at_once=pace.keys_at_once)
    _verify(transaction, counts, steps.first_id)
    store.find_repairs(transaction)
    report_other_accounts(transaction, vault, at_once=pace.keys_at_once)
    return counts


def _read_batch(transaction: "Transaction", run: Run, counts: Counts) -> None:
    """Copy the batch's rows, with a token for each person, except rows that an operator removed."""
    store.clear_stage(transaction)
    with counts.reading():
        store.read_batch(transaction, run.next_hash, run.batch_end)
    store.separate_people(transaction)
    counts.add_skipped(store.skip_removed(transaction))


def _add_owners(transaction: "Transaction", run: Run, counts: Counts) -> None:
    """Find each session's student, and count those who were added.

    A dry run in parts has rolled back the people of its earlier calls: they are missing here, but
    were counted when they were added.
    """
    students = store.add_owners(transaction)
    late = 0 if run.in_parts else students.late
    counts.add("people.created", students.anonymous + late)


def _verify(transaction: "Transaction", counts: Counts, first_step_id: int) -> None:
    for fate in store.count_fates(transaction):
        counts.add(fate.name, fate.value)
    for name, rows in asdict(store.count_losses(transaction)).items():
        counts.add(f"lost.{name}", rows)
    counts.add_read_back("sessions", store.read_back_sessions(transaction))
    counts.add_read_back("step_progress", store.read_back_steps(transaction, first_step_id))
