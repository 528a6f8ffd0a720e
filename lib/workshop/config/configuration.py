"""The configuration of a session: save the fields that a student chose, and read them."""

from lib.deps import Deps
from lib.errors import NotConfigured, SessionNotFound, Unreadable
from lib.logs import fingerprint, log
from lib.vault import API_KEY_FIELD, Vault
from lib.workshop.config import store
from lib.workshop.config.wire import ConfigIn, ConfigSavedOut, Configuration
from lib.workshop.idempotency import IdempotencyClaim
from lib.workshop.progress.tokens import refuse_short_token


def save(body: ConfigIn, key: str | None, deps: Deps, *, create: bool) -> ConfigSavedOut:
    """Save the given fields of a session's configuration; the others keep their values.

    Args:
        body: The fields to save.
        key: The Idempotency-Key, if one was sent.
        deps: Provides Postgres and the encryption key.
        create: Whether to create the session if it does not exist.

    Raises:
        SessionNotFound: If the session does not exist and may not be created.
        SessionOfAnotherStudent: If the session has a student with another e-mail.
        CourseNotFound: If there is no such course.
        SessionOfAnotherCourse: If the session has progress in another course.
        NoSuchCurrentStep: If the course has fewer steps than currentStep.
        TokenReplaced: If the session has another token now.
        TokenTooShort: If a deployment would begin a session under a short token.
        StaleConfiguration: If the configuration has been saved since the given version.
        IdempotencyKeyReused: If the Idempotency-Key was sent with another body before.
        NotConfigured: If an API key or an account SID was sent and there is no encryption key to
            seal it with.
    """
    if create:
        refuse_short_token(body.session_token, deps)
    columns = body.changed_columns()
    if body.openai_api_key is not None:
        columns[API_KEY_FIELD] = Vault.from_settings(deps.settings).seal(
            body.openai_api_key, body.session_token, API_KEY_FIELD
        )
    account = body.twilio_account_sid
    if account is not None:
        account = Vault.from_settings(deps.settings).seal_account(account)
    change = store.ConfigurationChange(
        session_token=body.session_token,
        student_email=body.student_email,
        student_name=body.student_name,
        course_id=body.course_id,
        columns=columns,
        other_flags=body.other_flags(),
        version=body.version,
        create=create,
        github_username=body.github_username,
        twilio_account_sid=account,
    )
    endpoint = f"student-config create={create}"
    claim = IdempotencyClaim.from_request(key, endpoint, body.session_token, body)
    session = store.save_configuration(deps.postgres, change, claim)
    if session is None:
        raise SessionNotFound
    saved = Configuration.model_validate_json(session)
    return ConfigSavedOut(
        message="Configuration saved successfully",
        websocket_url=saved.websocket_url,
        version=saved.version,
    )


def get(session_token: str, deps: Deps) -> Configuration:
    """Return the configuration of a session.

    Raises:
        SessionNotFound: If the session does not exist.
    """
    stored = store.load_configuration(deps.postgres, session_token)
    if stored is None:
        raise SessionNotFound
    usable = _can_decrypt(stored.sealed_key, session_token, deps)
    configuration = Configuration.model_validate_json(stored.session)
    return configuration.model_copy(update={"api_key_usable": usable})


def _can_decrypt(sealed_key: str | None, session_token: str, deps: Deps) -> bool:
    """Return whether there is an API key that can be decrypted; if it cannot, log why."""
    if not sealed_key:
        return False
    try:
        Vault.from_settings(deps.settings).open(sealed_key, session_token, API_KEY_FIELD)
    except (NotConfigured, Unreadable) as error:
        log("api_key_unusable", session=fingerprint(session_token), reason=error.code)
        return False
    return True
