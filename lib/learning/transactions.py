"""Transactions of a use case."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session


@contextmanager
def transaction(db: Session) -> Iterator[None]:
    """Commit what the block did, or roll it back if it raises.

    Earlier reads of the session belong to the same transaction, which saves a round trip.
    """
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()
