"""INSERT statements that the two databases write alike."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_into(db: Session, table: Any) -> Any:
    """Return an INSERT in the dialect of the session's database, which has ON CONFLICT."""
    dialect: Any = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
