"""Sizes of responses, which platforms limit: Vercel to 4.5 MB, Lambda to 6 MB."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from pydantic import BaseModel

BodyT = TypeVar("BodyT", bound=BaseModel)
MAX_BYTES = 4_000_000
"""Maximum size of the entries of a response."""


def size_of(body: BaseModel) -> int:
    """Return the number of bytes of a body's JSON, with a comma."""
    return len(body.model_dump_json(by_alias=True).encode()) + 1


def within(bodies: Iterable[BodyT], max_bytes: int = MAX_BYTES) -> Iterator[BodyT]:
    """Yield the first bodies, as many as fit."""
    free_bytes = max_bytes
    for body in bodies:
        free_bytes -= size_of(body)
        if free_bytes < 0:
            return
        yield body
