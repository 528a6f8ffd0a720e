"""Statements of requests for help."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lib.database.queries import load_queries

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("workshop/help.sql")


@dataclass(frozen=True)
class HelpRequest:
    """The state of a session's request for help."""

    help_asked_at: datetime | None


def set_help(
    postgres: "Postgres", session_token: str, *, raised: bool, event_type: str
) -> HelpRequest | None:
    """Raise or end a session's request; return its state, None if there is no such session."""
    params = {"session_token": session_token, "raised": raised, "event_type": event_type}
    return postgres.fetch_one(_queries["set_help"], params, HelpRequest)
