"""Migration of one batch of people."""

from typing import TYPE_CHECKING

from lib.legacy.people import store
from lib.legacy.runs.counts import Counts
from lib.legacy.runs.run import Run
from lib.vault import Vault

if TYPE_CHECKING:
    from lib.database.postgres import Transaction


def move_people(transaction: "Transaction", run: Run, vault: Vault) -> Counts:
    """Migrate the people whose e-mail hashes are in the range of the run's next batch."""
    counts = Counts()
    store.clear(transaction)
    with counts.reading():
        store.read_batch(transaction, run.next_hash, run.batch_end)
    store.seal_accounts(transaction, vault.seal_account)
    people = store.save_batch(transaction)
    counts.add("people.updated", people.updated)
    counts.add("people.created", people.created)
    counts.add("people.with_several_rows", people.with_several_rows)
    counts.add_read_back("people", store.read_back(transaction))
    return counts
