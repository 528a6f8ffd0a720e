"""Bodies and answers of student-progress. The answers' fields are the list of what may leave."""

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
    OptionalEmail,
    OptionalUrl,
    Seconds,
    SessionToken,
    ShortText,
    StepNumber,
    Text,
)


class SessionIn(CamelRequest):
    """Who begins a session; both may be left out."""

    student_email: OptionalEmail = None
    student_name: ShortText = None


class ProgressIn(CamelRequest):
    """One report about one step; it adds to what earlier reports said."""

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


class Step(CamelBody):
    """One step of a session."""

    step_number: int
    step_name: str
    completed: bool
    time_spent: int
    attempts: int
    started_at: datetime | None
    completed_at: datetime | None
    deployment_url: str | None


class Progress(Body):
    """A whole session, for whoever holds its token. Never the API key."""

    session_token: str
    student_id: UUID
    student_email: str | None
    student_name: str | None
    started_at: datetime
    last_activity: datetime
    expires_at: datetime
    is_active: bool
    demo_mode: bool
    current_step: int
    total_time_spent: int
    completion_rate: int
    step_progress: list[Step]
    use_case_description: str | None
    call_direction: str | None
    selected_phone_number: str | None
    tts_provider: str | None
    selected_voice: str | None
    has_api_key: bool
    system_prompt: str | None
    ivr_greeting: str | None
    tools: Any
    voice_settings: Any
    websocket_url: str | None
    codespace_url: str | None
    github_repo_url: str | None
    railway_url: str | None
    ci_service_sid: str | None
    repo_created: bool
    bug_reports: Any
    exercises: Any
    twilio_connected: bool
    openai_connected: bool
    call_direction_chosen: bool
    services_ready: bool
    step4_code_validated: bool
    step4_committed: bool
    step4_deployed: bool
    step5_code_validated: bool
    step5_committed: bool
    step5_deployed: bool
    step6_code_validated: bool
    step6_committed: bool
    step6_deployed: bool
    system_prompt_saved: bool
    step7_committed: bool
    step7_deployed: bool
    tools_configured: bool
    step8_code_validated: bool
    step8_committed: bool
    step8_deployed: bool
    project_deployed: bool
    version: int
    created_at: datetime
    updated_at: datetime


class SharedStep(CamelBody):
    """One step, as anyone may see it."""

    step_number: int
    step_name: str
    completed: bool


class SharedSession(Body):
    """A session as anyone who knows the e-mail or id may see it: steps and percentages."""

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
    """A student's sessions, newest first; empty for a student we do not know."""

    success: Literal[True] = True
    sessions: list[Progress] | list[SharedSession]


class BugIn(CamelRequest):
    """What went wrong, and where."""

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


class BugOut(CamelBody):
    """The number under which the report is kept."""

    success: Literal[True] = True
    message: str = "Bug report received"
    report_id: int
