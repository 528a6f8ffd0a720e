"""Questions as students see them, and the limits that uploads and answers share."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import StringConstraints

MAX_CONCEPTS = 32
MAX_OPTIONS = 50
STEEPEST_DISCRIMINATION = 5.0
"""Largest discrimination that an upload may give, probits; a slope of 8.5 logits.

docs/engine.md states how exact the posterior is at each discrimination.
"""

QuestionId = Annotated[str, StringConstraints(min_length=1, max_length=200)]


@dataclass(frozen=True)
class Question:
    """A question in one revision, without its correct answer."""

    id: str
    content: str
    options: list[Any]
    """Texts; questions adopted from an older deployment may hold other JSON values."""
    concepts: list[float]
    """Row of the Q-matrix."""
    revision: int
