"""Exercises as the older pages name them."""

import re
from typing import Any

_STEP = re.compile(r"\s*(?:step|exercise)[-_ ]?0*([1-9])\s*", re.IGNORECASE)


def only_steps(exercises: dict[str, Any]) -> dict[str, Any]:
    """The exercises that are steps, each only with whether it is completed."""
    return {
        f"step-{found[1]}": {"completed": _completed(entry)}
        for name, entry in exercises.items()
        if (found := _STEP.fullmatch(name))
    }


def _completed(entry: Any) -> bool:
    return (entry.get("completed") if isinstance(entry, dict) else entry) is True
