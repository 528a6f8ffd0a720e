"""Disclosure of results to students: each proficiency at once, or a rounded result at the end.

With `end`, no figure that depends on which answers were right is disclosed before the test is over,
nor after a test that ended before its minimum length, because the result of one or two answers
would give the correct options away.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

Tells = Literal["each", "end"]
TELLS: tuple[Tells, ...] = get_args(Tells)
"""All kinds of disclosure. Snapshots store a kind's index, so only append to this list."""

T = TypeVar("T")
OmittedIfNone = Annotated[T | SkipJsonSchema[None], Field(exclude_if=lambda value: value is None)]
"""A field that a response leaves out if it is None, such as a result that is not disclosed yet."""

STEPS = 20
"""Number of steps of a rounded proficiency between 0 and 1."""
DECIMALS = 2


def is_told(
    tells: Tells, status: str, total_questions: int, end_criteria: dict[str, Any] | None
) -> bool:
    """Return whether the student may know the result of a test in this state."""
    if tells == "each":
        return True
    min_length: int = (end_criteria or {}).get("min_questions", 1)
    return status != "active" and total_questions >= min_length


def as_told(tells: Tells, values: Sequence[float]) -> list[float]:
    """Return proficiencies, or their changes, as exactly as the student may know them."""
    if tells == "each":
        return list(values)
    return [round(round(value * STEPS) / STEPS, DECIMALS) for value in values]
