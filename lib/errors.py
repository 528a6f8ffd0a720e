"""The base of all errors that are raised on purpose, and those that every context shares.

The first line of a subclass's docstring is its message; the `{names}` in it are the facts given
to the constructor. Each class has a code of its own; a class that only stands for a status, such as
`BadRequest`, `NotFound` or `Conflict`, is never raised itself. Each context adds its own errors in
an `errors.py`. Only `lib/web/error_responses.py` turns them into HTTP.
"""

import copyreg
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

AnyCallable = TypeVar("AnyCallable", bound=Callable[..., Any])


class AppError(Exception):
    """Something went wrong on our side."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    fields: tuple[str, ...] = ()
    """Fields of the request that the error is about, as the caller spells them.

    Like the message, their names may contain facts. The message may begin with the name and a
    colon.
    """
    problems: tuple[tuple[str, str], ...] = ()
    """Fault of each invalid field; used instead of `fields`."""

    def __init__(
        self,
        *,
        retry_after: int | None = None,
        fields: tuple[str, ...] | None = None,
        **facts: object,
    ) -> None:
        self.facts = facts
        self.retry_after = retry_after
        self.fields = (
            tuple(name.format(**facts) for name in type(self).fields) if fields is None else fields
        )
        template = (type(self).__doc__ or "").partition("\n")[0]
        super().__init__(template.format(**facts))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the error without calling its constructor, which takes no message."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers of the response."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


def raises(*errors: type[AppError]) -> Callable[[AnyCallable], AnyCallable]:
    """Declare the errors of a handler or of a dependency for the API's description.

    Errors of the request frame, of the database and of access control need no declaration; see
    `lib/web/declared_errors.py`.
    """

    def declare(function: AnyCallable) -> AnyCallable:
        function.declared_errors = errors  # type: ignore[attr-defined]
        return function

    return declare


class BadRequest(AppError):
    """The request cannot be understood."""

    status = 400
    code = "bad_request"


class NotJson(BadRequest):
    """The body is not JSON: {reason}."""

    code = "not_json"
    fields = ("body",)


class FieldMissing(BadRequest):
    """{reason}"""  # noqa: D415 the reason is a sentence

    code = "field_missing"


class UnsupportedEvent(BadRequest):
    """{reason}"""  # noqa: D415 the reason is a sentence

    code = "unsupported_event"


class Unauthenticated(AppError):
    """The password or credential is missing or wrong."""

    status = 401
    code = "unauthenticated"

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers of the response: RFC 9110 requires the scheme in every 401."""
        return {"WWW-Authenticate": "Bearer"}


class TokenRefused(Unauthenticated):
    """The access token is missing, invalid or expired: log in, or refresh it."""

    code = "token_refused"


class Forbidden(AppError):
    """This credential does not allow this call."""

    status = 403
    code = "forbidden"


class InstructorRefused(Forbidden):
    """INSTRUCTOR_PASSWORD does not open this call; send ADMIN_PASSWORD."""

    code = "instructor_refused"


class RoleRefused(Forbidden):
    """Only {roles} may make this call."""

    code = "role_refused"


class CalledFromAnotherSite(Forbidden):
    """A page of another site made this call; only pages of ALLOWED_ORIGINS may do that."""

    code = "called_from_another_site"


class NotFound(AppError):
    """There is no such thing."""

    status = 404
    code = "not_found"


class EndpointNotFound(NotFound):
    """There is no such endpoint."""

    code = "endpoint_not_found"


class SessionNotFound(NotFound):
    """There is no such session."""

    code = "session_not_found"


class StudentNotFound(NotFound):
    """There is no such student."""

    code = "student_not_found"


class MethodNotAllowed(AppError):
    """Use {allowed} here."""

    status = 405
    code = "method_not_allowed"

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers of the response: RFC 9110 requires the methods in every 405."""
        return {"Allow": str(self.facts["allowed"])}


class Conflict(AppError):
    """The request does not fit the present state of its subject."""

    status = 409
    code = "conflict"


class AlreadyRunning(Conflict):
    """A migration, clean-up, restore, rotation or removal is running; try again when it has ended.

    Removals may run beside each other, the others only alone: see `lib/database/advisory_lock.py`.
    """

    code = "already_running"


class TooLarge(AppError):
    """The body is larger than the {limit} bytes allowed here."""

    status = 413
    code = "too_large"


class UnsupportedMediaType(AppError):
    """Send the body as Content-Type: application/json{also}."""

    status = 415
    code = "unsupported_media_type"


class InvalidInput(AppError):
    """The request has a field that is not valid."""

    status = 422
    code = "invalid_input"


class JsonRefused(InvalidInput):
    """{reason}"""  # noqa: D415 the reason is a sentence

    code = "json_refused"
    fields = ("body",)


class UnstorableText(InvalidInput):
    """A text holds a character that cannot be stored."""

    code = "unstorable_text"


class MisspeltField(InvalidInput):
    """{field}: {problem} Nothing was done."""

    code = "misspelt_field"
    fields = ("{field}",)


class InvalidCursor(InvalidInput):
    """cursor: Send the cursor that the previous page returned."""

    code = "invalid_cursor"
    fields = ("cursor",)


class TooManyAttempts(AppError):
    """Too many failed attempts; try again after the time in Retry-After."""

    status = 429
    code = "too_many_attempts"


class TooManyWrites(AppError):
    """Too many of these calls {origin}; nothing was stored. Try again after Retry-After."""

    status = 429
    code = "too_many_writes"


class NotConfigured(AppError):
    """{name} {reason}, so this call is disabled in this deployment."""

    status = 503
    code = "not_configured"

    def __init__(self, *, name: str = "", reason: str | None = None) -> None:
        super().__init__(name=name, reason=reason or "is not set")


class UnusableSetting(NotConfigured):
    """{reason}"""  # noqa: D415 the reason is a sentence

    code = "unusable_setting"


class DatabaseUnavailable(AppError):
    """The database cannot be reached or does not answer; try again."""

    status = 503
    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__(retry_after=2)


class DatabaseReadOnly(AppError):
    """The database is read-only: let POSTGRES_URL name the primary, not a replica.

    A full disk or an exceeded quota also makes some providers set default_transaction_read_only.
    """

    status = 503
    code = "database_read_only"


class Busy(AppError):
    """Another call holds the rows that this one needs; try again."""

    status = 503
    code = "busy"

    def __init__(self) -> None:
        super().__init__(retry_after=1)


class SchemaMissing(AppError):
    """The database lacks parts of its schema: run `make migrate` or admin-create-unified-schema."""

    status = 503
    code = "schema_missing"


class Unreadable(AppError):
    """A stored key cannot be decrypted with the encryption keys of this deployment.

    The encryption key is not configured, or the text was changed or moved from another row.
    """

    status = 503
    code = "key_unreadable"
