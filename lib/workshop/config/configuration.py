"""The configuration of a session: save the fields that a student chose, and read them."""

import json
from urllib.parse import quote

from lib.deps import Deps
from lib.errors import NotConfigured, SessionNotFound, Unreadable
from lib.logs import fingerprint, log
from lib.vault import API_KEY_FIELD, AUTH_TOKEN_FIELD, AUTH_TOKEN_MEMBER, Vault
from lib.workshop.config import store
from lib.workshop.config.wire import ConfigIn, ConfigSavedOut, Configuration
from lib.workshop.errors import NothingToSave
from lib.workshop.idempotency import IdempotencyClaim
from lib.workshop.progress.tokens import refuse_short_token


def save(
    body: ConfigIn, key: str | None, deps: Deps, unknown: list[str], *, create: bool
) -> ConfigSavedOut:
    """Save the given fields of a session's configuration; the others keep their values.

    Args:
        body: The fields to save.
        key: The Idempotency-Key, if one was sent.
        deps: Provides Postgres and the encryption key.
        unknown: Names of the fields that the body has and the endpoint does not.
        create: Whether to create the session if it does not exist.

    Raises:
        NothingToSave: If no known field was sent; with `create`, a body without fields is accepted.
        SessionNotFound: If the session does not exist and may not be created, or if the call
            repeats an earlier one whose session has since been removed.
        SessionOfAnotherStudent: If the session has a student with another e-mail.
        CourseNotFound: If the course does not exist.
        SessionOfAnotherCourse: If the session has progress in another course.
        NoSuchCurrentStep: If the course has fewer steps than currentStep.
        TokenReplaced: If the token was replaced by another one.
        TokenTooShort: If the token of a new session is too short; only deployments check it.
        TooManySessions: If the e-mail has reached the maximum number of new sessions in an hour.
        StaleConfiguration: If the configuration has been saved since the given version.
        IdempotencyKeyReused: If the Idempotency-Key was sent with another body before.
        NotConfigured: If an API key, an account SID or an auth token was sent and there is no
            encryption key to seal it with.
    """
    if create:
        refuse_short_token(body.session_token, deps)
    other_flags = body.other_flags()
    has_changes = body.has_known_changes()
    if not has_changes and not other_flags and (unknown or not create):
        raise _nothing_to_save(unknown)
    columns = body.changed_columns()
    if body.openai_api_key is not None:
        columns[API_KEY_FIELD] = Vault.from_settings(deps.settings).seal(
            body.openai_api_key, body.session_token, API_KEY_FIELD
        )
    extra = body.changed_extra()
    if body.twilio_auth_token is not None:
        extra[AUTH_TOKEN_MEMBER] = Vault.from_settings(deps.settings).seal(
            body.twilio_auth_token, body.session_token, AUTH_TOKEN_FIELD
        )
    account = body.twilio_account_sid
    if account is not None:
        account = Vault.from_settings(deps.settings).seal_account(account)
    change = store.ConfigurationChange(
        session_token=body.session_token,
        student_email=body.student_email,
        student_name=body.student_name,
        course_id=body.course_id,
        columns={**columns, "extra": extra} if extra else columns,
        other_flags=other_flags,
        only_flags=bool(other_flags) and not has_changes,
        version=body.version,
        create=create,
        github_username=body.github_username,
        twilio_account_sid=account,
    )
    endpoint = f"student-config create={create}"
    claim = IdempotencyClaim.from_request(key, endpoint, body.session_token, body)
    try:
        session = store.save_configuration(deps.postgres, change, claim)
    except NothingToSave:
        raise _nothing_to_save([*unknown, *sorted(other_flags)]) from None
    if session is None:
        raise SessionNotFound
    configuration = Configuration.model_validate(json.loads(session))
    stored_flags = {name for name in other_flags if configuration.extra.get(name) is True}
    return ConfigSavedOut(
        message="Configuration saved successfully",
        websocket_url=configuration.websocket_url or _websocket_url(body.session_token, deps),
        version=configuration.version,
        ignored_fields=[*unknown, *sorted(other_flags.keys() - stored_flags)],
    )


def _nothing_to_save(unknown: list[str]) -> NothingToSave:
    if unknown:
        reason = f"there is no field {' or '.join(unknown)}"
        return NothingToSave(fields=tuple(unknown), reason=reason)
    return NothingToSave(reason="send at least one field of the configuration")


def _websocket_url(session_token: str, deps: Deps) -> str | None:
    """Return the address of a session at the WebSocket server that all students share."""
    domain = deps.settings.websocket_domain
    return None if domain is None else f"wss://{domain}/ws/{quote(session_token, safe='')}"


def get(session_token: str, deps: Deps) -> Configuration:
    """Return the configuration of a session.

    Raises:
        SessionNotFound: If the session does not exist.
    """
    row = store.load_configuration(deps.postgres, session_token)
    if row is None:
        raise SessionNotFound
    usable = _can_decrypt(row.sealed_key, session_token, deps)
    configuration = Configuration.model_validate(json.loads(row.session))
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
