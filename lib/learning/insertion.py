"""INSERT statements that are written alike for both databases."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_into(db: Session, table: Any) -> Any:
    """Return an INSERT that may get an ON CONFLICT, in the dialect of the session's database."""
    dialect: Any = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
