"""Bodies and answers of student-config-*. The answers' fields are the list of what may leave."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from lib.web.wire import CamelBody, CamelRequest, blank_is_none
from lib.workshop.fields import ConfigToken, CurrentStep, OptionalEmail, ShortText, Text, Url

ApiKey = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None,
    BeforeValidator(blank_is_none),
]
"""Blank counts as left out: no form ever gets the key back, so it cannot send it again."""


class Flags(CamelBody):
    """The 21 flags; one that is true never becomes false again."""

    twilio_connected: bool | None = None
    openai_connected: bool | None = None
    call_direction_chosen: bool | None = None
    services_ready: bool | None = None
    step4_code_validated: bool | None = None
    step4_committed: bool | None = None
    step4_deployed: bool | None = None
    step5_code_validated: bool | None = None
    step5_committed: bool | None = None
    step5_deployed: bool | None = None
    step6_code_validated: bool | None = None
    step6_committed: bool | None = None
    step6_deployed: bool | None = None
    system_prompt_saved: bool | None = None
    step7_committed: bool | None = None
    step7_deployed: bool | None = None
    tools_configured: bool | None = None
    step8_code_validated: bool | None = None
    step8_committed: bool | None = None
    step8_deployed: bool | None = None
    project_deployed: bool | None = None


class Configuration(Flags):
    """What a session is configured with, but for its API key."""

    system_prompt: Annotated[str, StringConstraints(max_length=5000)] | None = None
    tools: list[Any] | dict[str, Any] | None = None
    voice_settings: dict[str, Any] | None = None
    use_case_description: Text | None = None
    call_direction: Text | None = None
    ivr_greeting: Text | None = None
    tts_provider: Text | None = None
    selected_voice: Text | None = None
    selected_phone_number: Text | None = None
    websocket_url: Url | None = None
    codespace_url: Url | None = None
    github_repo_url: Url | None = None
    railway_url: Url | None = None
    demo_mode: bool | None = None
    current_step: CurrentStep | None = None


class ConfigIn(Configuration, CamelRequest):
    """Fields to save. One that is left out, or null, keeps its value."""

    session_token: ConfigToken
    student_name: ShortText = None
    student_email: OptionalEmail = None
    openai_api_key: ApiKey = None
    version: Annotated[
        int | None,
        Field(
            ge=1,
            le=2**31 - 1,
            description="The version that was loaded; refused if another was saved since.",
        ),
    ] = None

    def changes(self) -> dict[str, Any]:
        """The configuration's fields that were given, by column."""
        return self.model_dump(include=set(Configuration.model_fields), exclude_none=True)


class Config(Configuration):
    """A saved configuration. The API key shows only in that there is one."""

    session_token: str
    student_name: str | None
    student_email: str | None
    system_prompt: str | None
    tools: Any
    voice_settings: Any
    use_case_description: str | None
    call_direction: str | None
    ivr_greeting: str | None
    tts_provider: str | None
    selected_voice: str | None
    selected_phone_number: str | None
    websocket_url: str | None
    codespace_url: str | None
    github_repo_url: str | None
    railway_url: str | None
    ci_service_sid: str | None
    completion_rate: int
    version: int
    has_api_key: bool
    api_key_usable: Annotated[
        bool, Field(description="False without a key, or when this deployment cannot decrypt it.")
    ] = False


class SavedOut(CamelBody):
    """A saved configuration's version, to send with the next save."""

    success: Literal[True] = True
    message: str
    websocket_url: str | None
    version: int


class ConfigOut(CamelBody):
    """One session's configuration."""

    success: Literal[True] = True
    config: Config
