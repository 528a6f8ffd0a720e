"""Statements of the configuration."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb
from lib.workshop.idempotency import IdempotencyClaim
from lib.workshop.wire import MAX_SESSION_BYTES

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("workshop/config.sql")


@dataclass(frozen=True)
class ConfigurationChange:
    """A change of a session's configuration, and its conditions."""

    session_token: str
    student_email: str | None
    student_name: str | None
    course_id: str | None
    columns: dict[str, Any]
    other_flags: dict[str, bool]
    """Flags that are not columns; the course of the session may define them."""
    only_flags: bool
    """Whether these flags are all there is to save; refused if the course defines none of them."""
    version: int | None
    """Version that must be the stored one, or nothing is changed; None for any."""
    create: bool
    """Whether to create the session if it does not exist."""
    github_username: str | None
    twilio_account_sid: str | None
    """Account SID of Twilio, sealed."""


@dataclass(frozen=True)
class StoredConfiguration:
    """A session as JSON, and its sealed API key."""

    session: str
    sealed_key: str | None


def save_configuration(
    postgres: "Postgres", change: ConfigurationChange, claim: IdempotencyClaim
) -> str | None:
    """Change a session; return it as JSON, None if it does not exist and may not be created."""
    params = {
        "session_token": change.session_token,
        "student_email": change.student_email,
        "student_name": change.student_name,
        "course_id": change.course_id,
        "config": as_jsonb(change.columns),
        "other_flags": as_jsonb(change.other_flags),
        "only_flags": change.only_flags,
        "version": change.version,
        "create": change.create,
        "github_username": change.github_username,
        "twilio_account_sid": change.twilio_account_sid,
        "max_bytes": MAX_SESSION_BYTES,
        **asdict(claim),
    }
    session: str | None = postgres.fetch_value(_queries["save_session_config"], params)
    return session


def load_configuration(postgres: "Postgres", session_token: str) -> StoredConfiguration | None:
    """Return a session with its sealed API key, None if it does not exist."""
    params = {"session_token": session_token, "max_bytes": MAX_SESSION_BYTES}
    return postgres.fetch_one(_queries["session_config"], params, StoredConfiguration, read=True)
