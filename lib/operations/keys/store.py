"""Statements of the rotation of the encryption key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb
from lib.vault import ACCOUNT_FIELD, API_KEY_FIELD, AUTH_TOKEN_FIELD

if TYPE_CHECKING:
    from lib.database.postgres import Postgres, Transaction

_queries = load_queries("operations/keys.sql")


@dataclass(frozen=True)
class KeyPlace:
    """A column, or a member of a JSON column, that holds sealed texts, with its named queries."""

    field: str
    """Name that each text is bound to, such as the name of its column."""
    bound_to_row: bool
    """Whether each text is bound to its row, too."""
    first_row: str
    """A row id that comes before all others."""
    next_query: str
    store_query: str
    restore_times_query: str
    count_query: str


@dataclass(frozen=True)
class KeptValues:
    """Values of a session that the migration from the legacy tables kept, by table."""

    session_token: str
    values: Any


API_KEYS = KeyPlace(
    field=API_KEY_FIELD,
    bound_to_row=True,
    first_row="",
    next_query="next_keys",
    store_query="store_keys",
    restore_times_query="restore_times_of_keys",
    count_query="count_keys",
)


ACCOUNTS = KeyPlace(
    field=ACCOUNT_FIELD,
    bound_to_row=False,
    first_row=str(UUID(int=0)),
    next_query="next_accounts",
    store_query="store_accounts",
    restore_times_query="restore_times_of_accounts",
    count_query="count_accounts",
)


AUTH_TOKENS = KeyPlace(
    field=AUTH_TOKEN_FIELD,
    bound_to_row=True,
    first_row="",
    next_query="next_auth_tokens",
    store_query="store_auth_tokens",
    restore_times_query="restore_times_of_keys",
    count_query="count_auth_tokens",
)


@dataclass(frozen=True)
class StoredKey:
    """A text of a `KeyPlace`, as stored."""

    row_id: str
    key: str


def next_keys(
    transaction: "Transaction", place: KeyPlace, prefix: str, after: str, limit: int
) -> list[StoredKey]:
    """Lock and return keys without the prefix of the current encryption key, by row id.

    Args:
        transaction: Transaction that holds the locks.
        place: The column.
        prefix: Prefix of keys that are sealed with the current encryption key.
        after: The row after which to continue.
        limit: Maximum number of keys.
    """
    params = {"prefix": prefix, "after": after, "limit": limit}
    return transaction.fetch_all(_queries[place.next_query], params, StoredKey)


def store_keys(transaction: "Transaction", place: KeyPlace, sealed: dict[str, str]) -> None:
    """Store keys by row, and leave the times of their rows as they are."""
    rows = list(sealed)
    keys = list(sealed.values())
    transaction.execute(_queries[place.store_query], {"rows": rows, "keys": keys})
    transaction.execute(_queries[place.restore_times_query], {"rows": rows})


def count_keys(postgres: "Postgres", place: KeyPlace, prefix: str) -> int:
    """Count the keys without the prefix of the current encryption key."""
    query = _queries[place.count_query]
    return int(postgres.fetch_value(query, {"prefix": prefix}, read=True))


def next_kept_values(
    transaction: "Transaction", pattern: str, after: str, limit: int
) -> list[KeptValues]:
    """Lock and return kept values that match a pattern, by session token."""
    params = {"pattern": pattern, "after": after, "limit": limit}
    return transaction.fetch_all(_queries["next_kept_values"], params, KeptValues)


def store_kept_values(transaction: "Transaction", values: KeptValues) -> None:
    """Store kept values, and leave the time of their session as it is."""
    params = {"session_token": values.session_token, "values": as_jsonb(values.values)}
    transaction.execute(_queries["store_kept_values"], params)
    transaction.execute(_queries["restore_times_of_keys"], {"rows": [values.session_token]})


def count_kept_texts(postgres: "Postgres", pattern: str) -> int:
    """Count the texts in kept values that match a pattern."""
    return int(postgres.fetch_value(_queries["count_kept_texts"], {"pattern": pattern}, read=True))
