"""The advisory lock of everything that changes whole tables: one such transaction at a time."""

from typing import TYPE_CHECKING

from lib.database.queries import load_queries
from lib.errors import AlreadyRunning

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("database/advisory_lock.sql")


def lock_tables(transaction: "Transaction") -> None:
    """Take the lock until the transaction ends, and set the transaction's limits.

    Raises:
        AlreadyRunning: If a migration, clean-up, restore, rotation or removal holds it.
    """
    exclude_others(transaction)
    transaction.execute(_queries["limit_transaction"])


def exclude_others(transaction: "Transaction") -> None:
    """Take the lock until the transaction ends, with the limits of an ordinary transaction.

    Raises:
        AlreadyRunning: If a migration, clean-up, restore, rotation or removal holds it.
    """
    if not transaction.fetch_value(_queries["try_lock"]):
        raise AlreadyRunning


def share_tables(transaction: "Transaction") -> None:
    """Keep holders of the lock out until the transaction ends; other sharers may come in.

    Raises:
        AlreadyRunning: If a migration, clean-up, restore or rotation holds the lock.
    """
    if not transaction.fetch_value(_queries["try_shared_lock"]):
        raise AlreadyRunning
