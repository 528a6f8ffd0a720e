"""Bodies and answers of admin-list-configs. The answers' fields are the list of what may leave."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from lib.web.wire import CamelBody, CamelRequest
from lib.workshop.fields import AnyToken
from lib.workshop.older_pages.wire import StudentName

MOST_CURSOR = 4000
"""Characters: a time and a token, of which moved ones have up to 2,600 bytes."""
PAGE = 2000
"""Sessions in one answer; the platforms carry 4.5 MB."""


class ListIn(CamelRequest):
    """Which page."""

    limit: Annotated[int, Field(ge=1, le=PAGE)] = PAGE
    cursor: Annotated[
        str | None, Field(max_length=MOST_CURSOR, description="`nextCursor` of the page before.")
    ] = None


MOST_TEXT = 20_000
"""Characters that a list shows of a text: more than pages may send, old rows hold any length."""


def _shortened(value: Any) -> Any:
    too_long = isinstance(value, str) and len(value) > MOST_TEXT
    return value[: MOST_TEXT - 1] + "…" if too_long else value


Shortened = Annotated[str, BeforeValidator(_shortened)]


class ListedStudent(CamelBody):
    """A person."""

    student_id: UUID | None
    student_email: Shortened | None
    student_name: Shortened | None
    github_username: Shortened | None = None
    created_at: datetime | None
    updated_at: datetime | None


class ListedSession(CamelBody):
    """A session as the instructor's dashboard shows it."""

    session_token: str | None
    student_id: UUID | None = None
    student_email: Shortened | None = None
    student_name: Shortened | None = None
    phone_number: Shortened | None = None
    voice: Shortened | None = None
    tts_provider: Shortened | None = None
    call_direction: Shortened | None = None
    use_case: Shortened | None = None
    has_api_key: bool = False
    has_system_prompt: bool = False
    has_tools: bool = False
    demo_mode: bool = False
    is_active: bool = True
    current_step: int = 0
    completion_rate: float = 0
    total_time_spent: int = 0
    last_activity: datetime | None = None
    twilio_connected: bool = False
    openai_connected: bool = False
    call_direction_chosen: bool = False
    services_ready: bool = False
    step4_code_validated: bool = False
    step4_committed: bool = False
    step4_deployed: bool = False
    step5_code_validated: bool = False
    step5_committed: bool = False
    step5_deployed: bool = False
    step6_code_validated: bool = False
    step6_committed: bool = False
    step6_deployed: bool = False
    system_prompt_saved: bool = False
    step7_committed: bool = False
    step7_deployed: bool = False
    tools_configured: bool = False
    step8_code_validated: bool = False
    step8_committed: bool = False
    step8_deployed: bool = False
    project_deployed: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


class ListOut(CamelBody):
    """A page of sessions, newest first, and their students."""

    success: Literal[True] = True
    students: list[ListedStudent]
    sessions: list[ListedSession]
    total_students: int
    total_sessions: int
    next_cursor: str | None
    source: Annotated[
        Literal["unified", "legacy"],
        Field(description="legacy: the unified schema does not exist yet."),
    ] = "unified"


class Totals(CamelBody):
    """Everything that is counted once."""

    students: int
    sessions: int
    active_sessions: int
    completed_sessions: int
    average_completion: float


class FunnelStep(CamelBody):
    """Sessions that reached a step or a later one, and those that completed it."""

    step_number: int
    step_name: str
    reached: int
    completed: int


class StepTime(CamelBody):
    """Reports about a step under one name, and the seconds spent on it."""

    step_number: int
    step_name: str
    attempts: int
    completed: int
    avg_time_seconds: float
    lower_quartile_seconds: float
    median_seconds: float
    upper_quartile_seconds: float


class Stuck(CamelBody):
    """An unfinished session without activity for 24 hours."""

    student_id: UUID
    student_email: str
    student_name: str | None
    current_step: int
    completion_rate: int
    is_active: bool
    last_activity: datetime
    idle_seconds: int


class StudentSummary(CamelBody):
    """What a student came to over all sessions; nothing yet is null."""

    student_id: UUID
    student_email: str
    student_name: str | None
    total_sessions: int
    avg_completion: float | None
    last_active: datetime | None


class DayEvents(CamelBody):
    """Events of one kind on one day, UTC."""

    day: date
    event_type: str
    events: int


class Analytics(CamelBody):
    """All figures of one moment."""

    success: Literal[True] = True
    totals: Totals
    funnel: list[FunnelStep]
    steps: list[StepTime]
    stuck_students: list[Stuck]
    students: list[StudentSummary]
    by_day: list[DayEvents]


class DeleteSessionsIn(CamelRequest):
    """Which sessions, and how much of them."""

    session_tokens: Annotated[list[AnyToken], Field(min_length=1, max_length=500)]
    delete_type: Annotated[
        Literal["keys-only", "full"],
        Field(
            description="keys-only: their API keys. full: the sessions, steps and events. Both in "
            "the older tables, too, and for good: a migration does not bring them back."
        ),
    ]


class DeletedSessionsOut(CamelBody):
    """Counts."""

    success: Literal[True] = True
    message: str
    requested: int
    found: int
    keys_deleted: int
    older_keys_deleted: int
    """API keys that stood in the older tables."""
    sessions_deleted: int
    older_rows_deleted: int
    """Rows of the older tables."""


class DeleteStudentIn(CamelRequest):
    """Whom."""

    student_email: StudentName


class DeletedStudentOut(CamelBody):
    """Counts."""

    success: Literal[True] = True
    message: str = "Student deleted"
    sessions_deleted: int
    steps_deleted: int
    events_deleted: int
    older_rows_deleted: int
