"""Inspection of a database for a migration: its contents, and what would stop the migration."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lib.deps import Deps
from lib.errors import Unreadable
from lib.legacy.errors import KeysUnreadable
from lib.legacy.preflight import store
from lib.legacy.preflight.store import InspectedTable, Place, Role
from lib.legacy.runs.run import LEGACY_TABLES
from lib.legacy.runs.start import prepare
from lib.legacy.runs.store import close_sources, open_sources
from lib.legacy.session_fields import SESSION_FIELDS
from lib.legacy.verification.store import count_legacy
from lib.vault import API_KEY_FIELD, Vault

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

KEYS_TO_CHECK = 5_000  # decrypting them takes about 0.1 s
ADVICE = (
    "Set the ENCRYPTION_KEY of the old application, or send acceptUnreadableKeys: true to keep "
    "these keys as they are."
)
KNOWN_COLUMNS = (
    "session_token",
    "student_email",
    "student_name",
    "account_sid",
    "github_username",
    "openai_api_key",
    "expires_at",
    "updated_at",
    "completion_rate",
    *SESSION_FIELDS,
)
"""Columns that legacy.open_typed() reads; a test compares them."""


@dataclass(frozen=True)
class KeyCheck:
    """Result of the check whether this deployment's encryption keys open the legacy API keys."""

    sealed: int
    plain: int
    checked: int
    unreadable: int
    """Number of checked keys that cannot be opened."""


@dataclass(frozen=True)
class Inspection:
    """The state of a database before a migration."""

    role: Role
    tables: list[InspectedTable]
    rows: dict[str, int | None]
    """Rows of each legacy table; None if it is absent."""
    elsewhere: list[Place]
    keys: KeyCheck


def inspect(deps: Deps) -> Inspection:
    """Inspect the legacy tables, the role and the encryption key.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock`.
        UnifiedSchemaNotFound: If the tables to migrate to are missing or out of date.
    """
    vault = Vault.from_settings(deps.settings)
    with deps.postgres.transaction() as transaction:
        prepare(transaction)
        with _open_sources(transaction):
            return Inspection(
                role=store.inspect_role(transaction),
                tables=store.inspect_tables(transaction, LEGACY_TABLES, KNOWN_COLUMNS),
                rows=asdict(count_legacy(transaction)),
                elsewhere=store.find_tables_elsewhere(transaction, LEGACY_TABLES),
                keys=_check_keys(transaction, vault),
            )


def require_readable_keys(transaction: "Transaction", vault: Vault) -> None:
    """Refuse a migration that would store API keys which nobody can open.

    Raises:
        KeysUnreadable: If one of the checked keys cannot be opened.
    """
    with _open_sources(transaction):
        keys = _check_keys(transaction, vault)
    if keys.unreadable:
        raise KeysUnreadable(unreadable=keys.unreadable, checked=keys.checked, advice=ADVICE)


def remarks(inspection: Inspection) -> list[str]:
    """Return sentences for a person, the worst first."""
    keys, role = inspection.keys, inspection.role
    lines = []
    if keys.unreadable:
        lines.append(
            f"Encrypted API keys that ENCRYPTION_KEY does not open: {keys.unreadable} of "
            f"{keys.checked}. The real run will be refused. {ADVICE}"
        )
    lines += [
        f"{place.schema_name}.{place.table_name} is not migrated, because it is not in the schema "
        f"public: ALTER TABLE … SET SCHEMA public moves it."
        for place in inspection.elsewhere
    ]
    if not inspection.tables:
        lines.append("No legacy table is in the schema public: there is nothing to migrate.")
    for table in inspection.tables:
        if table.unknown_columns:
            lines.append(
                f"{table.table} has columns that are unknown to the migration: "
                f"{', '.join(table.unknown_columns)}."
            )
        if not table.may_rename:
            lines.append(
                f"{table.table} belongs to {table.owner}: {role.name} can migrate it, but not set "
                "it aside."
            )
    return lines


@contextmanager
def _open_sources(transaction: "Transaction") -> Iterator[None]:
    open_sources(transaction)
    yield
    close_sources(transaction)


def _check_keys(transaction: "Transaction", vault: Vault) -> KeyCheck:
    counts = store.count_keys(transaction)
    keys = store.sealed_keys(transaction, KEYS_TO_CHECK) if counts.sealed else []
    unreadable = sum(not _can_open(vault, key.key, key.session_token or "") for key in keys)
    return KeyCheck(counts.sealed, counts.plain, checked=len(keys), unreadable=unreadable)


def _can_open(vault: Vault, key: str, token: str) -> bool:
    try:
        vault.open(key, token, API_KEY_FIELD)
    except Unreadable:
        return False
    return True
