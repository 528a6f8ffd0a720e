"""Values about the device itself, stored in the transaction that changes what they describe."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from device.tables import StoredValue

DEVICE = "device"
"""Id of the device, its former ids, and its number of syncs."""
USER = "user"
"""Ids and name of the device's one user."""
REPAIR = "repair"
"""Repair of a damaged database; empty once a sync has fetched everything again."""
SYNC = "sync"
"""Cursor, clock and schema version of the last response, hashes of the content, and time of the
last complete sync."""


def read_value(db: Session, name: str) -> dict[str, Any] | None:
    """Return a stored value; None if there is none."""
    query = select(StoredValue.content).where(StoredValue.name == name)
    return db.execute(query).scalar_one_or_none()


def write_value(db: Session, name: str, content: dict[str, Any]) -> None:
    """Store a value in place of the one before."""
    statement = insert(StoredValue).values(name=name, content=content)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"content": statement.excluded.content}
        )
    )
