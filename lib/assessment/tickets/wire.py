"""Bodies of tickets."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from lib.assessment.former_ids import PoolUuid
from lib.assessment.pools.rules import distinct
from lib.assessment.sessions.wire import EndCriteria, StudentId
from lib.web.wire import Body, StrictBody, SuccessOut, UtcTime

MAX_TICKETS = 1_000
"""Maximum number of tickets in a response."""
MAX_HOURS = 366 * 24


class TicketsIn(StrictBody):
    """Students and the test that they may take."""

    question_pool_id: PoolUuid
    """Id of the pool."""
    student_ids: Annotated[
        list[StudentId],
        Field(min_length=1, max_length=MAX_TICKETS),
        AfterValidator(distinct),
    ]
    """Ids of the students, each of whom gets a ticket."""
    expires_at: UtcTime | None = None
    """Time until which a test may be started; by default `valid_hours` from now."""
    valid_hours: int = Field(default=7 * 24, ge=1, le=MAX_HOURS, strict=True)
    """Hours from now during which a test may be started."""
    uses: int = Field(default=1, ge=1, le=100, strict=True)
    """Number of tests that a ticket may start; a running test is resumed as often as needed."""
    end_criteria: EndCriteria | None = None
    """Criteria that end the test, within the pool's rules; by default, the start request's."""
    extra_time: float = Field(default=0.0, ge=0, le=4)
    """Share by which time limits are extended: 0.25 for a quarter more."""
    adminPassword: Any = None  # noqa: N815 its spelling in every operator's body

    @model_validator(mode="after")
    def _only_one_expiry(self) -> Self:
        if self.expires_at is not None and "valid_hours" in self.model_fields_set:
            raise PydanticCustomError(
                "two_ends", "send expires_at or valid_hours, not both", {"field": "valid_hours"}
            )
        return self


class TicketOut(Body):
    """The ticket of one student."""

    student_id: str
    """Id of the student."""
    ticket: str
    """The ticket, a credential: whoever holds it can take the test as this student."""
    link: str
    """Path of the page that starts the test; the ticket follows the `#`, so no server sees it."""
    expires_at: UtcTime
    """Time until which a test may be started."""


class TicketsOut(SuccessOut):
    """One ticket for each student, in the order of the request."""

    tickets: list[TicketOut]
    """The tickets."""
