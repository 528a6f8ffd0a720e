"""The advisory lock of calls that change whole tables: one such transaction at a time.

Migrations, admin-cleanup-old-tables, admin-restore-old-tables, admin-restore, key rotations and
admin-create-unified-schema take it exclusively.
Operators' calls that remove or change a student, a session or a course share it.
"""

from typing import TYPE_CHECKING

from lib.database.queries import load_queries
from lib.errors import AlreadyRunning

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("database/advisory_lock.sql")


def lock_and_limit(transaction: "Transaction") -> None:
    """Take the exclusive lock until the transaction ends, and set the transaction's limits.

    Raises:
        AlreadyRunning: If another transaction holds it.
    """
    take_exclusive_lock(transaction)
    transaction.execute(_queries["limit_transaction"])


def take_exclusive_lock(transaction: "Transaction") -> None:
    """Take the exclusive lock until the transaction ends; leave the transaction's limits alone.

    Raises:
        AlreadyRunning: If another transaction holds it.
    """
    if not transaction.fetch_value(_queries["try_lock"]):
        raise AlreadyRunning


def take_shared_lock(transaction: "Transaction") -> None:
    """Take the lock until the transaction ends, shared with other callers of this function.

    Raises:
        AlreadyRunning: If another transaction holds it exclusively.
    """
    if not transaction.fetch_value(_queries["try_shared_lock"]):
        raise AlreadyRunning
