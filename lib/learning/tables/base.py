"""The base of every table: an id that any device can make, times in UTC, and named constraints."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Dialect, MetaData, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import JSON, TypeDecorator
from uuid6 import uuid7

SCHEMA = "learning"
"""Schema in Postgres. SQLite has none, so its engine translates this name to None."""


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC: TIMESTAMPTZ in Postgres, text without an offset in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC.

        Raises:
            ValueError: If it has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a time zone cannot be stored.")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored time, with UTC as its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


JSON_DOCUMENT = JSON().with_variant(JSONB(), "postgresql")
"""A JSON document: JSONB in Postgres, text in SQLite."""

ONE_STATEMENT = {"render_nulls": True}
"""Execution option that inserts rows with and without nulls in one statement instead of two."""


def new_id() -> UUID:
    """Return a UUID of version 7, which sorts by the time of its creation."""
    return UUID(int=uuid7().int)


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
        },
    )
    type_annotation_map = {  # noqa: RUF012 SQLAlchemy declares it so
        datetime: UtcDateTime(),
        UUID: Uuid(),
        dict[str, Any]: JSON_DOCUMENT,
        list[Any]: JSON_DOCUMENT,
    }

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)
    """Made where the row is created: on the server or on a device."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=1)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=1)


class Adoptable:
    """Columns of a table that the live system has, too, and whose rows are adopted."""

    former_id: Mapped[int | None] = mapped_column(BigInteger, unique=True, sort_order=2)
    """Id of the row in a database of the live system, whose pages use only this id."""
    extra: Mapped[dict[str, Any] | None] = mapped_column(sort_order=2)
    """Values of an adopted row, or from a newer device, that have no column here, by name."""
