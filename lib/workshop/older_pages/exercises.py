"""Exercises under the names that the older pages give them."""

import re
from typing import Any

from lib.workshop.course import COURSE

_STEP = re.compile(r"\s*(?:step|exercise)[-_ ]?0*([1-9][0-9]{0,3})\s*", re.IGNORECASE)


def share_view(exercises: dict[str, Any]) -> dict[str, Any]:
    """Return the exercises that are steps of the course, reduced to whether they are completed."""
    return {
        f"step-{step}": {"completed": _is_completed(entry)}
        for name, entry in exercises.items()
        if (step := _step_number(name)) is not None
    }


def _step_number(name: str) -> int | None:
    match = _STEP.fullmatch(name)
    number = int(match[1]) if match else None
    return number if number is not None and number <= COURSE.last_step else None


def _is_completed(entry: Any) -> bool:
    return (entry.get("completed") if isinstance(entry, dict) else entry) is True
