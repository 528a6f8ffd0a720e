"""Bodies of generate-session, student-progress and report-bug."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints

from lib.web.wire import Body, CamelBody, CamelRequest, blank_is_none
from lib.workshop.fields import (
    AnyToken,
    Attempts,
    Code,
    CurrentStep,
    GithubName,
    OptionalEmail,
    OptionalUrl,
    Seconds,
    Secret,
    SessionToken,
    ShortText,
    StepNumber,
    Text,
)
from lib.workshop.wire import StoredSession


class SessionIn(CamelRequest):
    """The student who begins a session; both fields may be left out."""

    student_email: OptionalEmail = None
    student_name: ShortText = None


class ProgressIn(CamelRequest):
    """A report about a step. Time and attempts are added to those of earlier reports."""

    session_token: SessionToken
    student_email: OptionalEmail = None
    student_name: ShortText = None
    demo_mode: bool | None = None
    step_number: StepNumber
    step_name: ShortText = None
    completed: bool = False
    time_spent: Annotated[Seconds, Field(description="Seconds since the last report.")] = 0
    attempts: Annotated[Attempts, Field(description="Attempts since the last report.")] = 1
    code_submitted: Code = None
    deployment_url: OptionalUrl = None
    github_username: GithubName = None
    twilio_account_sid: Secret = None


class StepProgress(CamelBody):
    """A session's progress in one step."""

    step_number: int
    step_name: str
    completed: bool
    time_spent: int
    attempts: int
    started_at: datetime | None
    completed_at: datetime | None
    deployment_url: str | None


class Progress(StoredSession):
    """A whole session, for whoever holds its token."""

    student_id: UUID
    started_at: datetime
    last_activity: datetime
    expires_at: datetime
    is_active: bool
    total_time_spent: int
    step_progress: list[StepProgress]
    repo_created: bool
    bug_reports: Any
    exercises: Any
    created_at: datetime
    updated_at: datetime


class SharedStep(CamelBody):
    """One step in the share view."""

    step_number: int
    step_name: str
    completed: bool


class SharedSession(Body):
    """The share view of a session, for anyone who knows the student's e-mail or id."""

    current_step: int
    completion_rate: int
    step_progress: list[SharedStep]


class SessionOut(Body):
    """A new session."""

    success: Literal[True] = True
    sessionToken: str  # noqa: N815 the pages' spelling


class ProgressOut(Body):
    """One session."""

    success: Literal[True] = True
    progress: Progress


class RecordedOut(ProgressOut):
    """The session after a report."""

    message: str = "Progress updated successfully"


class SessionsOut(Body):
    """A student's sessions, newest first; an unknown student has none."""

    success: Literal[True] = True
    sessions: list[Progress] | list[SharedSession]


class BugReportIn(CamelRequest):
    """A bug report."""

    description: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)
    ]
    session_token: Annotated[AnyToken | None, BeforeValidator(blank_is_none)] = None
    step: Annotated[CurrentStep | None, BeforeValidator(blank_is_none)] = None
    error_message: Text | None = None
    page_url: OptionalUrl = None
    steps_to_reproduce: Text | None = None
    expected_behavior: Text | None = None
    severity: ShortText = None
    user_agent: Annotated[str, StringConstraints(max_length=500)] | None = None
    student_email: OptionalEmail = None
    student_name: ShortText = None


class BugReportOut(CamelBody):
    """The number of the stored bug report."""

    success: Literal[True] = True
    message: str = "Bug report received"
    report_id: int
