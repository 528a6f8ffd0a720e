"""Regular expressions that are compiled when first used, so that functions start sooner."""

import re
from typing import Any, cast


class _LatePattern:
    def __init__(self, pattern: str, flags: int) -> None:
        self._pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(re.compile(self._pattern, self._flags), name)
        setattr(self, name, attribute)
        return attribute


def late_pattern(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return a pattern whose methods compile it when they are first called.

    For modules that functions import when they start but whose patterns few requests need.

    Args:
        pattern: Regular expression; an error in it is raised when it is first used.
        flags: Flags of `re.compile`.
    """
    return cast("re.Pattern[str]", _LatePattern(pattern, flags))
