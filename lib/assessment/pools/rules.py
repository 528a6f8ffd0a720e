"""Rules of a pool, which an operator sets and which hold for every test on it.

`sql/assessment/schema/admission.sql` applies them to each start. A pool stores only the rules that
an upload gave.
"""

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints

from lib.assessment.pools.question import MAX_CONCEPTS

MAX_QUESTIONS = 200
"""Maximum length of a test."""
MIN_LENGTH_TOLD_AT_END = 5
"""Minimum length of a test on a pool that tells results at the end: the result of fewer answers
would reveal which of them were right."""
DEFAULT_CONCEPTS = ("Math", "Algebra", "Geometry", "Statistics", "Calculus")
"""Default names of the concepts of a pool that tests exactly five."""

StopRule = Literal["fixed_length", "precision", "classification"]
STOP_RULES: tuple[StopRule, ...] = get_args(StopRule)
"""Kinds of stop rule, the same as the engine's. Snapshots store a rule's index: append only."""

Admission = Literal["open", "ticket"]
"""`open`: anybody may start a test. `ticket`: only students with a ticket, and operators."""

ConceptName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def default_names(concept_count: int) -> list[str]:
    """Return the default names of a pool's concepts."""
    if concept_count == len(DEFAULT_CONCEPTS):
        return list(DEFAULT_CONCEPTS)
    return [f"Concept {number}" for number in range(1, concept_count + 1)]


def distinct(names: list[str]) -> list[str]:
    """Return the names, which must all differ."""
    if len(set(names)) != len(names):
        raise ValueError("names must differ")
    return names


ConceptNames = Annotated[
    list[ConceptName], Field(min_length=1, max_length=MAX_CONCEPTS), AfterValidator(distinct)
]

RULES = (
    "concept_names",
    "admission",
    "tells",
    "starts_per_day",
    "trains",
    "min_questions",
    "max_questions",
    "stop_rules",
)
"""Fields of an upload that are rules of its pool."""


def problem(rules: dict[str, Any], concept_count: int) -> tuple[str, str] | None:
    """Return a field that contradicts the other rules or the pool, and why; None if none does.

    Args:
        rules: The rules that the pool stores; a rule that is missing has its default.
        concept_count: Number of concepts that the pool tests.
    """
    names = rules.get("concept_names")
    if names is not None and len(names) != concept_count:
        return (
            "concept_names",
            f"this pool's number of concepts is {concept_count}, not {len(names)}",
        )
    is_named = names is not None or concept_count == len(DEFAULT_CONCEPTS)
    if rules.get("admission") == "ticket" and not is_named:
        return "concept_names", "a pool that admits by ticket must name its concepts"
    least, greatest = rules.get("min_questions", 1), rules.get("max_questions", MAX_QUESTIONS)
    if least > greatest:
        return "min_questions", f"must not be greater than max_questions, which is {greatest}"
    if rules.get("tells") == "end" and greatest < MIN_LENGTH_TOLD_AT_END:
        return (
            "max_questions",
            f"must be at least {MIN_LENGTH_TOLD_AT_END} in a pool that tells results at the end",
        )
    return None
