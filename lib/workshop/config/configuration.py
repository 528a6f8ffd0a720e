"""The configuration of a session: what its student chose, and whether its API key is usable."""

from dataclasses import asdict, dataclass

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb
from lib.deps import Deps
from lib.errors import NotConfigured, Unreadable
from lib.logs import fingerprint, log
from lib.vault import API_KEY_FIELD, Vault
from lib.workshop.config.wire import Config, ConfigIn, SavedOut
from lib.workshop.errors import SessionNotFound
from lib.workshop.idempotency import Claim

_queries = load_queries("workshop/config.sql")


@dataclass(frozen=True)
class _Stored:
    config: str
    sealed_key: str | None


def save(body: ConfigIn, key: str | None, deps: Deps, *, create: bool) -> SavedOut:
    """Lay the given fields over the session's configuration.

    Args:
        body: The fields; those left out keep their value.
        key: The Idempotency-Key, if one was sent.
        deps: Where Postgres and the encryption key are.
        create: Whether the session may begin here.

    Raises:
        SessionNotFound: If it does not exist and may not begin here.
        SessionOfAnotherStudent: If the session has a student with another e-mail.
        StaleConfiguration: If the version sent is no longer the newest.
        NotConfigured: If an API key came and there is no encryption key to seal it with.
    """
    changes = body.changes()
    if body.openai_api_key is not None:
        changes[API_KEY_FIELD] = Vault.from_settings(deps.settings).seal(
            body.openai_api_key, body.session_token, API_KEY_FIELD
        )
    claim = Claim.of(key, f"student-config create={create}", body.session_token, body)
    params = {
        "session_token": body.session_token,
        "student_email": body.student_email,
        "student_name": body.student_name,
        "config": as_jsonb(changes),
        "version": body.version,
        "create": create,
        **asdict(claim),
    }
    row = deps.postgres.fetch_value(_queries["save_session_config"], params)
    if row is None:
        raise SessionNotFound
    saved = Config.model_validate_json(row)
    return SavedOut(
        message="Configuration saved successfully",
        websocket_url=saved.websocket_url,
        version=saved.version,
    )


def get(session_token: str, deps: Deps) -> Config:
    """The session's configuration.

    Raises:
        SessionNotFound: If there is no such session.
    """
    params = {"session_token": session_token}
    stored = deps.postgres.fetch_one(_queries["session_config"], params, _Stored, read=True)
    if stored is None:
        raise SessionNotFound
    usable = _opens(stored.sealed_key, session_token, deps)
    return Config.model_validate_json(stored.config).model_copy(update={"api_key_usable": usable})


def _opens(sealed: str | None, session_token: str, deps: Deps) -> bool:
    """Whether the key can be decrypted; one that cannot is no reason to withhold the rest."""
    if not sealed:
        return False
    try:
        Vault.from_settings(deps.settings).open(sealed, session_token, API_KEY_FIELD)
    except (NotConfigured, Unreadable) as error:
        log("api_key_unusable", session=fingerprint(session_token), reason=error.code)
        return False
    return True
