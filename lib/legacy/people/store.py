"""The statements that turn a batch of e-mails into students."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.database.queries import load_queries
from lib.legacy.runs.counts import ReadBack

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("legacy/people.sql")


@dataclass(frozen=True)
class StoredPeople:
    """Numbers of students that a batch changed and added, and of people with several rows."""

    updated: int
    created: int
    with_several_rows: int
    """Number of people with several rows in the legacy tables."""


def clear(transaction: "Transaction") -> None:
    """Empty the temporary table of the previous batch."""
    transaction.execute(_queries["clear_people"])


def read_batch(transaction: "Transaction", start: int, end: int) -> None:
    """Stage the people whose e-mail's hash is from `start` to before `end`."""
    transaction.execute(_queries["stage_people"], {"from": start, "to": end})


def seal_accounts(transaction: "Transaction", seal: Callable[[str], str]) -> None:
    """Encrypt the batch's Twilio accounts that are in plain text."""
    cursor = transaction.connection.execute(_queries["plain_accounts"].text)
    accounts = [account for (account,) in cursor]
    if accounts:
        params = {"plain": accounts, "sealed": [seal(account) for account in accounts]}
        transaction.execute(_queries["store_sealed_accounts"], params)


def save_batch(transaction: "Transaction") -> StoredPeople:
    """Store the staged people, except those whom an operator removed."""
    transaction.execute(_queries["skip_removed_people"])
    transaction.execute(_queries["follow_changed_emails"])
    transaction.execute(_queries["analyze_people"])
    updated = transaction.execute(_queries["update_students"])
    created = transaction.execute(_queries["insert_students"])
    transaction.execute(_queries["analyze_students"])
    with_several_rows = int(transaction.fetch_value(_queries["count_people_with_several_rows"]))
    return StoredPeople(updated, created, with_several_rows)


def read_back(transaction: "Transaction") -> ReadBack:
    """Return the checksums of the batch."""
    (row,) = transaction.fetch_all(_queries["check_people"], None, ReadBack)
    return row
