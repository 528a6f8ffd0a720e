"""A new token for a student who lost theirs, given by an operator."""

from urllib.parse import urldefrag

from lib.database.advisory_lock import take_shared_lock
from lib.deps import Deps
from lib.errors import FieldMissing, NotConfigured, SessionNotFound, Unreadable
from lib.logs import fingerprint, log
from lib.vault import API_KEY_FIELD, Vault
from lib.workshop.instructor import store
from lib.workshop.instructor.wire import NewLinkIn, NewLinkOut
from lib.workshop.progress.tokens import new_session_token


def make_new_link(request: NewLinkIn, deps: Deps) -> NewLinkOut:
    """Give a session a new token; steps, configuration and API key stay.

    The session is the one with the given token, or the student's last one, if possible one with
    progress. An API key that cannot be decrypted is removed, since it is sealed for its session.

    Raises:
        FieldMissing: If no session and no student is given.
        SessionNotFound: If there is no such session, or the student has none.
        AlreadyRunning: If another call holds `lib.database.advisory_lock` exclusively.
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
        sealed_key = _sealed_again(session, token, deps)
        store.replace_token(transaction, session.session_token, token, sealed_key)
    return NewLinkOut(
        session_token=token,
        link=None if request.page_url is None else _link(request.page_url, token),
        api_key_kept=None if not session.sealed_key else sealed_key is not None,
    )


def _link(page_url: str, token: str) -> str:
    """Return the link; browsers send its fragment to no server, so that no log contains it."""
    return f"{urldefrag(page_url).url}#sessionToken={token}"


def _sealed_again(session: store.LockedSession, token: str, deps: Deps) -> str | None:
    """Return the API key sealed for the new token, None if there is none that can be read."""
    if not session.sealed_key:
        return None
    try:
        vault = Vault.from_settings(deps.settings)
        key = vault.open(session.sealed_key, session.session_token, API_KEY_FIELD)
        return vault.seal(key, token, API_KEY_FIELD)
    except (NotConfigured, Unreadable) as error:
        log("api_key_dropped", session=fingerprint(session.session_token), code=error.code)
        return None
