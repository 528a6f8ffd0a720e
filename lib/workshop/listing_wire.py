"""Bodies and answers of admin-list-configs. The answers' fields are the list of what may leave."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from lib.workshop.fields import Answer, Wire

PAGE = 2000
"""Sessions in one answer; the platforms carry 4.5 MB."""


class ListIn(Wire):
    """Which page."""

    limit: Annotated[int, Field(ge=1, le=PAGE)] = PAGE
    cursor: Annotated[
        str | None, Field(max_length=300, description="`nextCursor` of the page before.")
    ] = None


class ListedStudent(Answer):
    """A person."""

    student_id: UUID | None
    student_email: str | None
    student_name: str | None
    github_username: str | None = None
    created_at: datetime | None
    updated_at: datetime | None


class ListedSession(Answer):
    """A session as the instructor's dashboard shows it."""

    session_token: str | None
    student_id: UUID | None = None
    student_email: str | None = None
    student_name: str | None = None
    phone_number: str | None = None
    voice: str | None = None
    tts_provider: str | None = None
    call_direction: str | None = None
    use_case: str | None = None
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


class ListOut(Answer):
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
