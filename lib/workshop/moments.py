"""Timestamps of the older tables."""

from datetime import UTC, datetime


def utc_moment(text: str | None) -> datetime | None:
    """A timestamp without a zone means UTC; None if it is no date."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
