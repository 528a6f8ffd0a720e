"""Bodies of admin-list-configs, workshop-analytics, admin-delete-sessions and -student."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from lib.web.wire import CamelBody, CamelRequest, blank_is_none
from lib.workshop.fields import AnyToken, Email
from lib.workshop.older_pages.wire import StudentName
from lib.workshop.wire import with_flags

MAX_CURSOR_LENGTH = 4000
"""Characters; a cursor holds a time and a token, and migrated tokens have up to 2,600 bytes."""
MAX_PAGE_SIZE = 2000
"""Maximum number of sessions in one response."""
MAX_TEXT_LENGTH = 20_000
"""Characters of a text in the list; pages may send fewer, but old rows hold texts of any length."""


class ListIn(CamelRequest):
    """The page to return."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = MAX_PAGE_SIZE
    cursor: Annotated[
        str | None,
        Field(max_length=MAX_CURSOR_LENGTH, description="`nextCursor` of the previous page."),
    ] = None


def _shorten(value: Any) -> Any:
    too_long = isinstance(value, str) and len(value) > MAX_TEXT_LENGTH
    return value[: MAX_TEXT_LENGTH - 1] + "…" if too_long else value


ShortenedText = Annotated[str, BeforeValidator(_shorten)]


class ListedStudent(CamelBody):
    """A student in the instructor's list."""

    student_id: UUID | None
    student_email: ShortenedText | None
    student_name: ShortenedText | None
    github_username: ShortenedText | None = None
    has_twilio_account_sid: bool = False
    created_at: datetime | None
    updated_at: datetime | None


@with_flags(bool, default=False)
class ListedSession(CamelBody):
    """A session in the instructor's list."""

    session_token: str | None
    student_id: UUID | None = None
    student_email: ShortenedText | None = None
    student_name: ShortenedText | None = None
    phone_number: ShortenedText | None = None
    voice: ShortenedText | None = None
    tts_provider: ShortenedText | None = None
    call_direction: ShortenedText | None = None
    use_case: ShortenedText | None = None
    has_api_key: bool = False
    has_system_prompt: bool = False
    has_tools: bool = False
    demo_mode: bool = False
    is_active: bool = True
    current_step: int = 0
    completion_rate: float = 0
    total_time_spent: int = 0
    last_activity: datetime | None = None
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
    """Counts over all students and sessions."""

    students: int
    sessions: int
    active_sessions: int
    completed_sessions: int
    average_completion: float


class FunnelStep(CamelBody):
    """The number of sessions that reached a step or a later one, and that completed it."""

    step_number: int
    step_name: str
    reached: int
    completed: int


class StepTime(CamelBody):
    """The number of sessions with reports about a step of this name, and the seconds they spent."""

    step_number: int
    step_name: str
    attempts: int
    completed: int
    avg_time_seconds: float
    lower_quartile_seconds: float
    median_seconds: float
    upper_quartile_seconds: float


class StuckSession(CamelBody):
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
    """A student's figures for all sessions; the averages are null if there is no session."""

    student_id: UUID
    student_email: str
    student_name: str | None
    total_sessions: int
    avg_completion: float | None
    last_active: datetime | None


class DayEvents(CamelBody):
    """The number of events of one type on one UTC day."""

    day: date
    event_type: str
    events: int


class Analytics(CamelBody):
    """All figures, from one snapshot of the database."""

    success: Literal[True] = True
    totals: Totals
    funnel: list[FunnelStep]
    steps: list[StepTime]
    stuck_students: list[StuckSession]
    students: list[StudentSummary]
    by_day: list[DayEvents]


class DeleteSessionsIn(CamelRequest):
    """The sessions, and what to remove of them."""

    session_tokens: Annotated[list[AnyToken], Field(min_length=1, max_length=500)]
    delete_type: Annotated[
        Literal["keys-only", "full"],
        Field(
            description="keys-only: the API keys. full: the sessions with their steps and events. "
            "Both are removed from the legacy tables, too, and a migration does not restore them."
        ),
    ]


class DeletedSessionsOut(CamelBody):
    """The number of keys and rows that were removed."""

    success: Literal[True] = True
    message: str
    requested: int
    found: int
    keys_deleted: int
    older_keys_deleted: int
    """API keys in the legacy tables."""
    sessions_deleted: int
    older_rows_deleted: int
    """Rows of the legacy tables."""


class ChangeEmailIn(CamelRequest):
    """The student, by id or by present e-mail, and the new e-mail."""

    student_id: UUID | None = None
    student_email: Annotated[StudentName | None, BeforeValidator(blank_is_none)] = None
    new_email: Email


class ChangedEmailOut(CamelBody):
    """The student under the new e-mail. Sessions keep their tokens."""

    success: Literal[True] = True
    message: str = "E-mail changed"
    student_id: UUID
    student_email: str
    sessions: int
    older_rows_changed: int
    """Rows of the legacy tables."""


class DeleteStudentIn(CamelRequest):
    """The student to remove."""

    student_email: StudentName


class DeletedStudentOut(CamelBody):
    """The number of rows that were removed."""

    success: Literal[True] = True
    message: str = "Student deleted"
    sessions_deleted: int
    steps_deleted: int
    events_deleted: int
    older_rows_deleted: int
