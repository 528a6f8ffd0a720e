"""Bodies of generate-session, student-progress and report-bug."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    BeforeValidator,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from lib.web.wire import (
    Body,
    CamelBody,
    CamelRequest,
    CamelSuccessOut,
    SuccessOut,
    UtcTime,
    blank_is_none,
)
from lib.workshop.fields import (
    AnyToken,
    Attempts,
    Code,
    Completed,
    GithubName,
    OptionalCourseId,
    OptionalEmail,
    OptionalUrl,
    Seconds,
    Secret,
    SessionToken,
    ShortText,
    StepNumber,
    StoredJson,
)
from lib.workshop.wire import StoredSession


class SessionIn(CamelRequest):
    """The student who begins a session, and the course; every field may be left out."""

    student_email: OptionalEmail = None
    """E-mail of the student."""
    student_name: ShortText = None
    """Name of the student."""
    course_id: OptionalCourseId = None
    """Id of the course of a new session; by default the built-in course."""


class ProgressIn(CamelRequest):
    """A report about a step. Time and attempts are added to those of earlier reports."""

    session_token: SessionToken
    """Token of the session; the credential of the call."""
    student_email: OptionalEmail = None
    """E-mail of the student."""
    student_name: ShortText = None
    """Name of the student."""
    demo_mode: bool | None = None
    """Whether the session runs without real accounts."""
    course_id: OptionalCourseId = None
    """Id of the course of a new session; by default the built-in course."""
    step_number: StepNumber
    """Number of the step, from 1; 0 counts as 1."""
    step_name: ShortText = None
    """Name of the step; if the course has a step of this name, the number is ignored."""
    completed: Completed = False
    """Whether the step is completed, as any value that JavaScript counts as true or false; the
    texts `false`, `f`, `no`, `n`, `off`, `0`, `null`, `undefined` and `nan` count as false."""
    time_spent: Seconds = 0
    """Seconds since the last report."""
    attempts: Attempts = 1
    """Attempts since the last report."""
    code_submitted: Code = None
    """Code that the student submitted."""
    deployment_url: OptionalUrl = None
    """Address of the student's deployment."""
    github_username: GithubName = None
    """Name of the student on GitHub."""
    twilio_account_sid: Secret = None
    """Account SID of Twilio; stored encrypted and never returned."""

    @property
    def use_case(self) -> str | None:
        """The text that a page sent as `completed`; for step 2 it is the use case."""
        return self.completed if isinstance(self.completed, str) else None


class StepProgress(CamelBody):
    """A session's progress in one step."""

    step_number: int
    """Number of the step, from 1."""
    step_name: str
    """Name of the step."""
    completed: bool
    """Whether the step is completed."""
    time_spent: int
    """Seconds in all reports about the step."""
    attempts: int
    """Attempts in all reports about the step."""
    started_at: UtcTime | None
    """Time of the first report."""
    completed_at: UtcTime | None
    """Time at which the step was completed."""
    deployment_url: str | None
    """Address of the student's deployment."""


class Progress(StoredSession):
    """A whole session, for the holder of its token, for instructors and for operators."""

    student_id: UUID
    """Id of the student."""
    started_at: UtcTime
    """Time at which the session began."""
    last_activity: UtcTime
    """Time of the last report or save."""
    expires_at: UtcTime
    """Time at which the session is closed unless it is used before then."""
    is_active: bool
    """Whether the session is open; the next report opens a closed one again."""
    total_time_spent: int
    """Seconds in all reports."""
    step_progress: list[StepProgress]
    """Progress in each step with a report."""
    repo_created: bool
    """Whether the student has created a repository."""
    bug_reports: StoredJson
    """Bug reports of the session."""
    exercises: StoredJson
    """Progress by name of the exercise, as the older pages report it."""
    help_asked_at: UtcTime | None
    """Time since which the student has been waiting for help; null if not waiting."""
    created_at: UtcTime
    """Time at which the session was stored."""
    updated_at: UtcTime
    """Time of the last change."""


class SharedStep(CamelBody):
    """One step in the share view."""

    step_number: int
    """Number of the step, from 1."""
    step_name: str
    """Name of the step."""
    completed: bool
    """Whether the step is completed."""


class SharedSession(Body):
    """The share view of a session, for anyone who knows the student's e-mail or id."""

    course_id: str
    """Id of the course."""
    current_step: int
    """Furthest step that was reached; 0 if none."""
    completion_rate: int
    """Share of completed steps, 0 to 100."""
    step_progress: list[SharedStep]
    """Progress in each step with a report."""


class NewSessionOut(SuccessOut):
    """A new session."""

    sessionToken: str  # noqa: N815 the pages' spelling
    """Token of the session, its only credential."""


class ProgressOut(SuccessOut):
    """One session."""

    progress: Progress
    """The session."""


class RecordedOut(ProgressOut):
    """The session after a report."""

    message: str = "Progress updated successfully"


class SessionsOut(SuccessOut):
    """A student's sessions, those with progress first; an unknown student has none."""

    sessions: list[Progress] | list[SharedSession]
    """Whole sessions for instructors and operators; for others, the share view of the first 200."""
    next_cursor: str | None = None
    """Cursor of the next page of whole sessions; null on the last one and for the share view."""


def _token_or_none(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(blank_is_none(value))
    except ValidationError:
        return None


ReportedToken = Annotated[AnyToken | None, WrapValidator(_token_or_none)]
"""A session token; None if it is not valid, so that the report is stored anyway."""
Context = Annotated[Any, BeforeValidator(blank_is_none)]
"""Context of a bug, as any JSON, so that no report is refused."""


class BugReportIn(CamelRequest):
    """A bug report. Only the description is required and checked; the rest is context."""

    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    """Description of the problem."""
    session_token: ReportedToken = None
    """Token of the session in which the problem occurred."""
    step: Context = None
    """Step in which the problem occurred: its number, or what the page calls it."""
    error_message: Context = None
    """Message of the error."""
    page_url: Context = None
    """Address of the page."""
    steps_to_reproduce: Context = None
    """Steps to reproduce the problem."""
    expected_behavior: Context = None
    """Expected behaviour."""
    actual_behavior: Context = None
    """Actual behaviour."""
    severity: Context = None
    """Severity in the student's words."""
    user_agent: Context = None
    """Browser of the student."""
    browser_info: Context = None
    """Browser of the student, as the live page sends it instead of `userAgent`."""
    student_email: Context = None
    """E-mail of the student."""
    student_name: Context = None
    """Name of the student."""
    user_name: Context = None
    """Name of the student, as the live page sends it instead of `studentName`."""
    call_direction: Context = None
    """Direction of the calls that the student has chosen."""
    deployment_status: Context = None
    """Parts that the student has deployed so far."""
    timestamp: Context = None
    """Time of the report on the page."""


class BugReportOut(CamelSuccessOut):
    """The number of the stored bug report."""

    message: str = "Bug report received"
    report_id: int
    """Number of the bug report."""
