"""Puts the demo into a database; what is there already stays as it is."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lib.deps import Deps
from lib.queries import load_queries
from lib.vault import API_KEY_FIELD, Vault
from local.demo.students import Seal, workshop

QUERIES = load_queries(str(Path(__file__).with_name("queries.sql")))


@dataclass(frozen=True)
class WorkshopAdded:
    """How many rows a load added."""

    students: int
    sessions: int
    steps: int
    events: int


def load_workshop(deps: Deps) -> WorkshopAdded | None:
    """Add the workshop's students, each with all their rows or not at all."""
    rows = asdict(workshop(deps.clock(), _seal(deps)))
    params = {table: json.dumps(given) for table, given in rows.items()}
    return deps.postgres.fetch_one(QUERIES["add_workshop"], params, WorkshopAdded)


def _seal(deps: Deps) -> Seal | None:
    if deps.settings.encryption_key is None:
        return None
    vault = Vault.from_settings(deps.settings)
    return lambda key, token: vault.seal(key, token, API_KEY_FIELD)
