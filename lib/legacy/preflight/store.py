"""The statements that inspect a database before a migration."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.database.queries import load_queries

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("legacy/preflight.sql")


@dataclass(frozen=True)
class InspectedTable:
    """A legacy table with its owner, size and columns."""

    table: str
    kind: str
    owner: str
    may_rename: bool
    """Whether the database's role has the rights of the owner."""
    bytes: int
    row_level_security: str
    """`off`, `on`, or `forced`, which applies to the owner, too."""
    known_columns: list[str]
    unknown_columns: list[str]


@dataclass(frozen=True)
class Place:
    """A table in a schema other than `public`."""

    schema_name: str
    table_name: str


@dataclass(frozen=True)
class Role:
    """The role that POSTGRES_URL names."""

    name: str
    sees_every_row: bool
    """Whether it is a superuser or has BYPASSRLS."""


@dataclass(frozen=True)
class KeyCounts:
    """Number of API keys in the legacy tables."""

    sealed: int
    plain: int


@dataclass(frozen=True)
class SealedKey:
    """An encrypted key of a legacy row."""

    session_token: str | None
    key: str


def inspect_tables(
    transaction: "Transaction", tables: Sequence[str], known_columns: Iterable[str]
) -> list[InspectedTable]:
    """Return the tables that exist."""
    params = {"tables": list(tables), "known": list(known_columns)}
    return transaction.fetch_all(_queries["inspect_tables"], params, InspectedTable)


def find_tables_elsewhere(transaction: "Transaction", tables: Sequence[str]) -> list[Place]:
    """Return tables of these names in other schemas."""
    return transaction.fetch_all(_queries["tables_elsewhere"], {"tables": list(tables)}, Place)


def inspect_role(transaction: "Transaction") -> Role:
    """Return the database's role."""
    (role,) = transaction.fetch_all(_queries["inspect_role"], None, Role)
    return role


def count_keys(transaction: "Transaction") -> KeyCounts:
    """Count the API keys of the legacy tables; needs the views of `open_sources`."""
    (counts,) = transaction.fetch_all(_queries["count_keys"], None, KeyCounts)
    return counts


def sealed_keys(transaction: "Transaction", limit: int) -> list[SealedKey]:
    """Return encrypted keys of the legacy tables; needs the views of `open_sources`."""
    return transaction.fetch_all(_queries["sealed_keys"], {"limit": limit}, SealedKey)
