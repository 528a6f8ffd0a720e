"""A new token for a student who lost theirs, given by an operator."""

from typing import Any
from urllib.parse import urldefrag

from lib.database.advisory_lock import take_shared_lock
from lib.deps import Deps
from lib.errors import FieldMissing, NotConfigured, SessionNotFound, Unreadable
from lib.logs import fingerprint, log
from lib.vault import (
    API_KEY_FIELD,
    AUTH_TOKEN_FIELD,
    AUTH_TOKEN_MEMBER,
    LEGACY_FIELD,
    Vault,
    is_sealed,
)
from lib.workshop.instructor import store
from lib.workshop.instructor.wire import NewLinkIn, NewLinkOut
from lib.workshop.progress.tokens import new_session_token

KEPT_COLUMNS = "_legacy"
"""Member of `sessions.exercises` with the columns that a migration kept."""


def make_new_link(request: NewLinkIn, deps: Deps) -> NewLinkOut:
    """Give a session a new token; steps, configuration and API key stay.

    The session is the one with the given token, or else the student's last one with progress, or
    else the last one. Secrets that cannot be decrypted are removed, since they are sealed for the
    former token.

    Raises:
        FieldMissing: If no session and no student is given.
        SessionNotFound: If there is no such session, or the student has none.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock` exclusively.
    """
    if (request.session_token, request.student_email, request.student_id) == (None, None, None):
        raise FieldMissing(
            fields=("studentId", "studentEmail", "sessionToken"),
            reason="Send studentId, studentEmail or sessionToken.",
        )
    token = new_session_token(deps.clock())
    with deps.postgres.transaction() as transaction:
        take_shared_lock(transaction)
        session = store.lock_session(
            transaction,
            session_token=request.session_token,
            student_email=request.student_email,
            student_id=request.student_id,
        )
        if session is None:
            raise SessionNotFound
        sealed = _TokenChange(session.session_token, token, deps).resealed(session)
        store.replace_token(transaction, session.session_token, sealed)
    return NewLinkOut(
        session_token=token,
        link=None if request.page_url is None else _link(request.page_url, token),
        api_key_kept=None if not session.sealed_key else sealed.sealed_key is not None,
    )


def _link(page_url: str, token: str) -> str:
    """Return the link; browsers send its fragment to no server, so that no log contains it."""
    return f"{urldefrag(page_url).url}#sessionToken={token}"


class _TokenChange:
    """Seals a session's secrets for its new token; those that cannot be decrypted are removed."""

    def __init__(self, old_token: str, new_token: str, deps: Deps) -> None:
        self._old_token = old_token
        self._new_token = new_token
        self._settings = deps.settings

    def resealed(self, session: store.LockedSession) -> store.LockedSession:
        """Return the session under its new token, with its secrets sealed for that token."""
        extra, exercises = session.extra, session.exercises
        if isinstance(extra, dict) and isinstance(auth_token := extra.get(AUTH_TOKEN_MEMBER), str):
            extra = {**extra, AUTH_TOKEN_MEMBER: self._reseal(auth_token, AUTH_TOKEN_FIELD)}
        if isinstance(exercises, dict) and KEPT_COLUMNS in exercises:
            exercises = {**exercises, KEPT_COLUMNS: self._reseal_parts(exercises[KEPT_COLUMNS])}
        key = session.sealed_key and self._reseal(session.sealed_key, API_KEY_FIELD)
        return store.LockedSession(self._new_token, key or None, extra, exercises)

    def _reseal_parts(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._reseal_parts(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._reseal_parts(part) for part in value]
        if isinstance(value, str) and is_sealed(value):
            return self._reseal(value, LEGACY_FIELD)
        return value

    def _reseal(self, text: str, field: str) -> str | None:
        try:
            vault = Vault.from_settings(self._settings)
            secret = vault.open(text, self._old_token, field)
        except (NotConfigured, Unreadable) as error:
            session = fingerprint(self._old_token)
            log("secret_dropped", session=session, field=field, code=error.code)
            return None
        seal = vault.seal_repeatably if field == LEGACY_FIELD else vault.seal
        return seal(secret, self._new_token, field)
