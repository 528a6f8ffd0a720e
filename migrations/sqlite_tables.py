"""Create the learning context's tables in an SQLite file, set them aside and bring them back."""

import re
from datetime import datetime

from alembic.operations import Operations
from sqlalchemy import Connection, func, inspect, select, table
from sqlalchemy.schema import CreateIndex, CreateTable

from lib.learning.tables.ddl import metadata_without_schema

_SET_ASIDE = re.compile(r"(?P<name>\w+)_set_aside_\d{8}_\d{6}")
_METADATA = metadata_without_schema()


def has_tables(connection: Connection) -> bool:
    """Return whether the file has one of our tables, in use or set aside."""
    names = inspect(connection).get_table_names()
    return any(name in _METADATA.tables for name in (*names, *_names_set_aside(connection)))


def create_tables(operations: Operations) -> list[str]:
    """Bring back the tables that were set aside, and create the missing ones with their indexes.

    Returns:
        Lines for the person who migrates.
    """
    connection = operations.get_bind()
    reports = []
    for name, current_name in _names_set_aside(connection).items():
        if inspect(connection).has_table(name):
            reports.append(f"{current_name}: not brought back, because a table {name} exists")
        else:
            operations.rename_table(current_name, name)
            reports.append(f"{name}: brought back; rows: {_row_count(connection, name)}")
    existing_names = set(inspect(connection).get_table_names())
    for model_table in _METADATA.sorted_tables:
        if model_table.name not in existing_names:
            connection.execute(CreateTable(model_table))
            for index in sorted(model_table.indexes, key=lambda index: str(index.name)):
                connection.execute(CreateIndex(index))
    return reports


def set_tables_aside(operations: Operations, now: datetime) -> list[str]:
    """Rename all our tables, so that no row is deleted; `create_tables` brings them back.

    Returns:
        Lines for the person who migrates.
    """
    connection = operations.get_bind()
    existing_names = set(inspect(connection).get_table_names())
    reports = []
    for name in _METADATA.tables:
        if name in existing_names:
            name_aside = f"{name}_set_aside_{now:%Y%m%d_%H%M%S}"
            count = _row_count(connection, name)
            operations.rename_table(name, name_aside)
            reports.append(
                f"{name}: set aside as {name_aside} (rows: {count}); the next upgrade brings it"
                " back"
            )
    return reports


def _names_set_aside(connection: Connection) -> dict[str, str]:
    """Return, by former name, the present name of the newest table that was set aside."""
    names = sorted(inspect(connection).get_table_names())
    matches = [match for name in names if (match := _SET_ASIDE.fullmatch(name))]
    return {match["name"]: match[0] for match in matches if match["name"] in _METADATA.tables}


def _row_count(connection: Connection, name: str) -> int:
    return connection.execute(select(func.count()).select_from(table(name))).scalar_one()
