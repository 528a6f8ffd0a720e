"""Every error we raise on purpose.

The first line of a subclass's docstring is the message a caller reads; `{fields}` in it are
the facts given to the constructor. Contexts add their own in `lib/<context>/errors.py`.
Only `lib/web/app.py` knows how they become HTTP.
"""

import copyreg
from typing import Any, ClassVar


class AppError(Exception):
    """Something went wrong on our side."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(self, *, retry_after: int | None = None, **facts: object) -> None:
        self.facts = facts
        self.retry_after = retry_after
        template = (type(self).__doc__ or "").partition("\n")[0]
        super().__init__(template.format(**facts))

    def __reduce__(self) -> tuple[Any, ...]:
        """Carry an error to another process as it is: its constructor takes no message."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers that belong to the answer."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


class BadRequest(AppError):
    """{reason}"""  # noqa: D415 the reason is a sentence

    status = 400
    code = "bad_request"


class Unauthenticated(AppError):
    """The password or credential is missing or wrong."""

    status = 401
    code = "unauthenticated"

    @property
    def headers(self) -> dict[str, str]:
        """RFC 9110 wants the scheme named with every 401."""
        return {"WWW-Authenticate": "Bearer"}


class Forbidden(AppError):
    """This credential does not allow that."""

    status = 403
    code = "forbidden"


class NotFound(AppError):
    """{what} not found."""

    status = 404
    code = "not_found"


class Conflict(AppError):
    """{reason}"""  # noqa: D415 the reason is a sentence

    status = 409
    code = "conflict"


class AlreadyRunning(Conflict):
    """A migration, clean-up, restore, rotation or removal runs right now; wait until it has ended.

    One lock of the database, `stepwise.legacy`, keeps them apart.
    """

    code = "already_running"


class TooLarge(AppError):
    """The body is larger than the {limit} bytes allowed here."""

    status = 413
    code = "too_large"


class UnsupportedMediaType(AppError):
    """Send the body as Content-Type: application/json."""

    status = 415
    code = "unsupported_media_type"


class InvalidInput(AppError):
    """{reason}"""  # noqa: D415 the reason is a sentence

    status = 422
    code = "invalid_input"


class TooManyAttempts(AppError):
    """Too many failed attempts; wait before you try again."""

    status = 429
    code = "too_many_attempts"


class NotConfigured(AppError):
    """{name} is not set, too weak or malformed in this deployment, so this call is closed."""

    status = 503
    code = "not_configured"


class DatabaseUnavailable(AppError):
    """The database cannot be reached right now, or does not answer; try again."""

    status = 503
    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__(retry_after=2)


class Busy(AppError):
    """Something else holds the rows this call needs; try again."""

    status = 503
    code = "busy"

    def __init__(self) -> None:
        super().__init__(retry_after=1)


class SchemaMissing(AppError):
    """The database lacks tables or functions: `make migrate`, or admin-create-unified-schema."""

    status = 503
    code = "schema_missing"
