"""Bodies of the calls for instructors and operators: lists, analytics, changes and removals."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from lib.web.cursor import Cursor
from lib.web.wire import CamelBody, CamelRequest, CamelSuccessOut, UtcTime, blank_is_none
from lib.workshop.course import COURSE
from lib.workshop.fields import AnyToken, Email, OptionalUrl
from lib.workshop.older_pages.wire import EmailOrId
from lib.workshop.wire import with_flags

MAX_PAGE_SIZE = 2000
"""Maximum number of sessions in one response."""
MAX_LISTED_TEXT_LENGTH = 20_000
"""Maximum number of characters of a text in the list; texts of older rows may be longer."""


class ListIn(CamelRequest):
    """The page to return."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = MAX_PAGE_SIZE
    """Maximum number of sessions on the page."""
    cursor: Cursor = None
    """`nextCursor` of the previous page."""


def _shorten(value: Any) -> Any:
    too_long = isinstance(value, str) and len(value) > MAX_LISTED_TEXT_LENGTH
    return value[: MAX_LISTED_TEXT_LENGTH - 1] + "…" if too_long else value


ShortenedText = Annotated[str, BeforeValidator(_shorten)]


class ListedStudent(CamelBody):
    """A student in the instructor's list."""

    student_id: UUID | None
    """Id of the student; null in the legacy tables."""
    student_email: ShortenedText | None
    """E-mail of the student."""
    student_name: ShortenedText | None
    """Name of the student."""
    github_username: ShortenedText | None = None
    """Name of the student on GitHub."""
    has_twilio_account_sid: bool = False
    """Whether an account SID of Twilio is stored."""
    created_at: UtcTime | None
    """Time at which the student was stored."""
    updated_at: UtcTime | None
    """Time of the last change."""


@with_flags(bool, default=False)
class ListedSession(CamelBody):
    """A session in the instructor's list."""

    session_token: str | None
    """Token of the session."""
    course_id: str = COURSE.course_id
    """Id of the course."""
    student_id: UUID | None = None
    """Id of the student; null in the legacy tables."""
    student_email: ShortenedText | None = None
    """E-mail of the student."""
    student_name: ShortenedText | None = None
    """Name of the student."""
    phone_number: ShortenedText | None = None
    """Phone number of the assistant."""
    voice: ShortenedText | None = None
    """Name of the voice."""
    tts_provider: ShortenedText | None = None
    """Provider of text-to-speech."""
    call_direction: ShortenedText | None = None
    """Direction of the calls, such as `inbound` or `outbound`."""
    use_case: ShortenedText | None = None
    """Purpose of the assistant."""
    has_api_key: bool = False
    """Whether an API key is stored."""
    has_system_prompt: bool = False
    """Whether a system prompt is stored."""
    has_tools: bool = False
    """Whether tools are stored."""
    demo_mode: bool = False
    """Whether the session runs without real accounts."""
    is_active: bool = True
    """Whether the session is open."""
    current_step: int = 0
    """Furthest step that was reached; 0 if none."""
    completion_rate: float = 0
    """Share of completed steps, 0 to 100."""
    total_time_spent: int = 0
    """Seconds in all reports."""
    help_asked_at: UtcTime | None = None
    """Time since which the student has been waiting for help; null if not waiting."""
    last_activity: UtcTime | None = None
    """Time of the last report or save."""
    created_at: UtcTime | None = None
    """Time at which the session was stored."""
    updated_at: UtcTime | None = None
    """Time of the last change."""


class ListOut(CamelSuccessOut):
    """A page of sessions, newest first, and their students."""

    students: list[ListedStudent]
    """The students of these sessions. The first page adds the newest students without a session: up
    to twice `limit` students in all, and up to 1 MB of added ones. No page lists the other students
    without a session; `class-progress` lists everybody whom a roster enrolled in a course."""
    sessions: list[ListedSession]
    """The sessions of this page."""
    total_students: int
    """Number of students on all pages."""
    total_sessions: int
    """Number of sessions on all pages."""
    next_cursor: str | None
    """Cursor of the next page; null on the last one."""
    source: Literal["unified", "legacy"] = "unified"
    """legacy: the unified schema does not exist yet."""


class CourseSummary(CamelBody):
    """The sessions of a course."""

    course_id: str
    """Id of the course."""
    name: str
    """Name of the course."""
    steps: int
    """Number of steps."""
    sessions: int
    """Number of sessions."""
    completed_sessions: int
    """Number of sessions with every step completed."""


class Totals(CamelBody):
    """Counts over all students and sessions, or over those of a course."""

    students: int
    """Number of students."""
    sessions: int
    """Number of sessions."""
    active_sessions: int
    """Number of open sessions."""
    completed_sessions: int
    """Number of sessions with every step completed."""
    avg_completion: float
    """Mean share of completed steps, 0 to 100."""
    not_started: int
    """Number of enrollments whose student has not begun the course."""


class FunnelStep(CamelBody):
    """A step: how many sessions reached it or a later one, and how many completed it."""

    step_number: int
    """Number of the step, from 1."""
    step_name: str
    """Name of the step."""
    reached: int
    """Number of sessions that reached it or a later one."""
    completed: int
    """Number of sessions that completed it."""


class StepTime(CamelBody):
    """The number of sessions with reports about a step of this name, and the seconds they spent."""

    step_number: int
    """Number of the step, from 1."""
    step_name: str
    """Name of the step, as reported."""
    attempts: int
    """Number of sessions with reports."""
    completed: int
    """Number of sessions that completed it."""
    avg_time_seconds: float
    """Mean time of a session."""
    lower_quartile_seconds: float
    """Time that a quarter of the sessions did not exceed."""
    median_seconds: float
    """Time that half of the sessions did not exceed."""
    upper_quartile_seconds: float
    """Time that three quarters of the sessions did not exceed."""


class StuckSession(CamelBody):
    """An unfinished session without activity for 24 hours."""

    student_id: UUID
    """Id of the student."""
    student_email: str
    """E-mail of the student."""
    student_name: str | None
    """Name of the student."""
    course_id: str
    """Id of the course."""
    current_step: int
    """Furthest step that was reached; 0 if none."""
    completion_rate: int
    """Share of completed steps, 0 to 100."""
    is_active: bool
    """Whether the session is open."""
    last_activity: UtcTime
    """Time of the last report or save."""
    idle_seconds: int
    """Seconds since the last report or save."""


class StudentSummary(CamelBody):
    """A student's figures for all sessions, or for those of the course that was asked for."""

    student_id: UUID
    """Id of the student."""
    student_email: str
    """E-mail of the student."""
    student_name: str | None
    """Name of the student."""
    total_sessions: int
    """Number of sessions."""
    avg_completion: float | None
    """Mean share of completed steps, 0 to 100; null if there is no session."""
    last_activity: UtcTime | None
    """Time of the last report or save in any of these sessions; null if there is none."""


class HelpRequest(CamelBody):
    """A student who is waiting for help."""

    session_token: str
    """Token of the session, for `admin-mark-helped`."""
    student_id: UUID
    """Id of the student."""
    student_email: str
    """E-mail of the student."""
    student_name: str | None
    """Name of the student."""
    current_step: int
    """Furthest step that was reached; 0 if none."""
    help_asked_at: UtcTime
    """Time since which the student has been waiting."""
    waiting_seconds: int
    """Seconds for which the student has been waiting."""


class DayEvents(CamelBody):
    """The number of events of one type on one UTC day."""

    day: date
    """Day in UTC."""
    event_type: str
    """Type of the events, such as `step_completed`."""
    events: int
    """Number of events."""


class AnalyticsOut(CamelSuccessOut):
    """All figures, from one snapshot of the database."""

    courses: list[CourseSummary]
    """The courses, the built-in one first."""
    totals: Totals
    """Counts over everything, or over one course."""
    funnel: list[FunnelStep]
    """Progress of the sessions of one course, step by step."""
    steps: list[StepTime]
    """Time that the sessions spent on each step."""
    stuck_students: list[StuckSession]
    """Unfinished sessions without activity for 24 hours, longest idle first."""
    help_requests: list[HelpRequest]
    """Students who are waiting for help in any course, the longest wait first."""
    students: list[StudentSummary]
    """The students, most recently active first."""
    by_day: list[DayEvents]
    """Events by day and type."""


class DeleteSessionsIn(CamelRequest):
    """The sessions, and what to remove from them."""

    session_tokens: Annotated[list[AnyToken], Field(min_length=1, max_length=500)]
    """Tokens of the sessions; unknown ones are ignored."""
    delete_type: Literal["keys-only", "full"]
    """keys-only: API keys and auth tokens. full: the sessions with their steps and events. API keys
    and sessions are removed from the legacy tables, too, and a migration restores nothing."""


class DeletedSessionsOut(CamelSuccessOut):
    """The number of keys and rows that were removed."""

    message: str
    requested: int
    """Number of different tokens in the request."""
    found: int
    """Number of sessions with one of these tokens."""
    keys_deleted: int
    """Number of sessions of the unified tables that lost an API key or an auth token."""
    older_keys_deleted: int
    """Number of API keys that were removed from the legacy tables."""
    sessions_deleted: int
    """Number of sessions that were removed."""
    older_rows_deleted: int
    """Number of rows that were removed from the legacy tables."""


class ChangeEmailIn(CamelRequest):
    """The student, by id or by present e-mail, and the new e-mail."""

    student_id: UUID | None = None
    """Id of the student."""
    student_email: Annotated[EmailOrId | None, BeforeValidator(blank_is_none)] = None
    """Present e-mail of the student; if the id is given, too, both must match."""
    new_email: Email
    """New e-mail of the student."""


class ChangedEmailOut(CamelSuccessOut):
    """The student under the new e-mail. Sessions keep their tokens."""

    message: str = "E-mail changed"
    student_id: UUID
    """Id of the student."""
    student_email: str
    """New e-mail of the student."""
    sessions: int
    """Number of the student's sessions."""
    older_rows_changed: int
    """Number of rows of the legacy tables in which the e-mail was changed."""


class NewLinkIn(CamelRequest):
    """The student who lost the token, or the session."""

    student_id: UUID | None = None
    """Id of the student, whose last session gets the token."""
    student_email: Annotated[EmailOrId | None, BeforeValidator(blank_is_none)] = None
    """E-mail of the student, used like the id."""
    session_token: Annotated[AnyToken | None, BeforeValidator(blank_is_none)] = None
    """Present token of the session, as the lists show it; chooses among a student's sessions."""
    page_url: OptionalUrl = None
    """Address of the workshop's page, for the link."""


class NewLinkOut(CamelSuccessOut):
    """The session under its new token."""

    message: str = "New token created; the former one no longer works"
    session_token: str
    """New token of the session, its only credential."""
    link: str | None
    """`pageUrl` with the token behind `#`; null if no page was given."""
    api_key_kept: bool | None
    """False if the API key could not be decrypted and was removed; null if there was none."""
