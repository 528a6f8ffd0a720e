"""Parameters that several endpoints of the study planner take."""

from typing import Annotated

from pydantic import AfterValidator

from lib.framework import Path, Query


def _without_nul(text: str) -> str:
    """Return the text unchanged.

    Raises:
        ValueError: If it holds a NUL character, which Postgres cannot store.
    """
    if "\0" in text:
        raise ValueError("Input should have no NUL character")
    return text


SentText = Annotated[str, AfterValidator(_without_nul)]
"""A text in the URL."""
OwnOrStudentId = Annotated[
    SentText | None,
    Query(
        max_length=100,
        description="Id of the student: a UUID, or the live system's number. Default: the caller.",
    ),
]
OptionalId = Annotated[
    SentText | None,
    Query(max_length=100, description="Id, if any: a UUID, or the live system's number."),
]
Threshold = Annotated[
    float,
    Query(
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="Mastery, 0 to 100; topics with at least as much are left out.",
    ),
]
OptionalThreshold = Annotated[
    float | None,
    Query(
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="Mastery, 0 to 100; topics with at least as much are left out. Default: none.",
    ),
]
EntryLimit = Annotated[int, Query(ge=1, le=20, description="Maximum number of entries to return.")]
MAX_PAGE = 200
PageSize = Annotated[
    int, Query(ge=1, le=MAX_PAGE, description="Maximum number of entries on a page.")
]
StudentId = Annotated[
    SentText,
    Path(max_length=100, description="Id of the student: a UUID, or the live system's number."),
]
TopicId = Annotated[
    SentText,
    Path(max_length=100, description="Id of the topic: a UUID, or the live system's number."),
]
ConceptId = Annotated[
    SentText,
    Path(max_length=100, description="Id of the concept: a UUID, or the live system's number."),
]
QuestionId = Annotated[
    SentText,
    Path(max_length=100, description="Id of the question: a UUID, or the live system's number."),
]
ClassId = Annotated[
    SentText,
    Path(max_length=100, description="Id of the class: a UUID, or the live system's number."),
]
