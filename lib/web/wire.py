"""The base of every request and response body."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


def as_utc(time: datetime) -> datetime:
    """Return a time in UTC; one without an offset is taken as UTC.

    Raises:
        ValueError: If it is outside the years 1 to 9999 in UTC.
    """
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be within the years 1 to 9999") from error


def utc_text(time: datetime) -> str:
    """Return a time as bodies show it, for JSON that no model describes."""
    return as_utc(time).isoformat().replace("+00:00", "Z")


UtcTime = Annotated[datetime, AfterValidator(as_utc)]
"""The one type of times in bodies and parameters: ISO 8601 in UTC, which ends in `Z` in JSON."""


class Body(BaseModel):
    """A body whose fields have the same names on the wire as in code; immutable.

    In the API's description, all fields of a response are required, even those with a default.
    """

    model_config = ConfigDict(
        frozen=True, defer_build=True, json_schema_serialization_defaults_required=True
    )


class StrictBody(Body):
    """A body that refuses unknown fields."""

    model_config = ConfigDict(extra="forbid")


class CamelBody(Body):
    """A body in camelCase that ignores unknown fields, which existing pages send.

    Its fields may also be given under their names in code.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="ignore"
    )


class SuccessOut(Body):
    """A response to a request that succeeded; errors have `success` false."""

    success: Literal[True] = True


class CamelSuccessOut(SuccessOut, CamelBody):
    """A response to a request that succeeded, with fields in camelCase."""


class CamelRequest(CamelBody):
    """A request whose fields are accepted under their camelCase names only.

    A column of a table can therefore not be set under its own name.
    """

    unread: ClassVar[frozenset[str]] = frozenset()
    """Fields that live pages send and that no code reads; they cause no warning."""

    model_config = ConfigDict(validate_by_name=False)


class OperatorIn(CamelBody):
    """An operator's call without fields of its own."""

    # The password that it may hold is read before the body is parsed.


class StrictOperatorIn(CamelBody):
    """An operator's call that refuses unknown fields, since it changes or removes many rows.

    A misspelling such as `{"trial": true}` must not start a migration.
    """

    model_config = ConfigDict(extra="forbid")

    admin_password: Any = None
    """ADMIN_PASSWORD, or INSTRUCTOR_PASSWORD in calls of instructors; needed if the request has no
    bearer token."""


def blank_is_none(value: Any) -> Any:
    """Return None for blank text, which counts as left out."""
    return None if isinstance(value, str) and not value.strip() else value
