"""Days in UTC."""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from lib.web.wire import UtcTime, blank_is_none

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""Years of the days that callers may send; no date computed from them leaves `date`'s range."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_time: TypeAdapter[datetime] = TypeAdapter(UtcTime)


def day_of(moment: datetime) -> date:
    """Return the day of a time."""
    return moment.astimezone(UTC).date()


def midnight(day: date) -> datetime:
    """Return the time at which a day begins."""
    return datetime.combine(day, time(), UTC)


def _moment(value: Any) -> Any:
    """Return the time that a text names; a day stands for its beginning."""
    if value is None or isinstance(value, date):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if not _DAY.match(text):
        raise _unreadable()
    try:
        return _time.validate_python(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text)
    except ValidationError as error:
        raise _unreadable() from error


def _day(value: Any) -> Any:
    moment = _moment(value)
    return day_of(moment) if isinstance(moment, datetime) else moment


def _with_year_in_range(value: date | None) -> date | None:
    """Refuse a day or time for which no plan and no period can be computed."""
    if value is not None and not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise PydanticCustomError("year", f"Send a day from {FIRST_YEAR} to {LAST_YEAR}")
    return value


def _unreadable() -> PydanticCustomError:
    return PydanticCustomError("day", "Send a day such as 2027-03-01, or a time in ISO 8601")


Day = Annotated[
    date | None,
    AfterValidator(_with_year_in_range),
    BeforeValidator(_day),
    BeforeValidator(blank_is_none),
]
"""A day; a time stands for its day in UTC. Blank text counts as left out."""
DayTime = Annotated[
    UtcTime | None,
    AfterValidator(_with_year_in_range),
    BeforeValidator(_moment),
    BeforeValidator(blank_is_none),
]
"""A time; a day stands for its beginning. Blank text counts as left out."""
