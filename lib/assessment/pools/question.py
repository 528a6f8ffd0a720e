"""A question as a session shows it, and the limits of questions."""

from typing import Annotated, Any

from pydantic import StringConstraints

MAX_CONCEPTS = 32
MAX_OPTIONS = 50

QuestionId = Annotated[str, StringConstraints(min_length=1, max_length=200)]

Shown = dict[str, Any]
"""A question as a session shows it: id, content, options, concepts, revision."""
