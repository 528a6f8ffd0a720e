"""Exercises in the table workshop_students, all of which are about the built-in course."""

import re
from typing import Any

from lib.workshop.course import COURSE

_STEP = re.compile(r"\s*(?:step|exercise)[-_ ]?0*([0-9]{1,4})\s*", re.IGNORECASE)


def share_view(exercises: dict[str, Any]) -> dict[str, Any]:
    """Return the exercises that are steps of the course, reduced to whether they are completed."""
    completed: dict[int, bool] = {}
    for name, entry in exercises.items():
        step = _step_number(name)
        if step is not None:
            completed[step] = completed.get(step, False) or _is_completed(entry)
    return {f"step-{step}": {"completed": value} for step, value in completed.items()}


def _step_number(name: str) -> int | None:
    by_name = COURSE.step_of_name(name)
    if by_name is not None:
        return by_name
    match = _STEP.fullmatch(name)
    number = max(int(match[1]), 1) if match else None
    return number if number is not None and number <= COURSE.last_step else None


def _is_completed(entry: Any) -> bool:
    return (entry.get("completed") if isinstance(entry, dict) else entry) is True
