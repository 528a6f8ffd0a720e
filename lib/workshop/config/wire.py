"""Bodies of the student-config endpoints."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from lib.web.wire import CamelBody, CamelRequest
from lib.workshop.fields import (
    ConfigToken,
    CurrentStep,
    GithubName,
    OptionalEmail,
    Secret,
    ShortText,
    Text,
    Url,
)
from lib.workshop.wire import StoredSession, with_flags


@with_flags(bool | None, default=None)
class Flags(CamelBody):
    """The flags of a session; a flag that is true never becomes false again."""


class ConfigurationFields(Flags):
    """The configuration that a student may save, except the API key."""

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


class ConfigIn(ConfigurationFields, CamelRequest):
    """Fields to save. A field that is left out or null keeps its value."""

    session_token: ConfigToken
    student_name: ShortText = None
    student_email: OptionalEmail = None
    openai_api_key: Secret = None
    github_username: GithubName = None
    twilio_account_sid: Secret = None
    version: Annotated[
        int | None,
        Field(
            ge=1,
            le=2**31 - 1,
            description="The version that was loaded. The request is refused if the configuration "
            "has been saved since.",
        ),
    ] = None

    def changed_columns(self) -> dict[str, Any]:
        """Return the configuration fields that were sent, by column."""
        return self.model_dump(include=set(ConfigurationFields.model_fields), exclude_none=True)


class Configuration(StoredSession, CamelBody):
    """A saved configuration."""

    api_key_usable: Annotated[
        bool,
        Field(description="False if there is no API key or this deployment cannot decrypt it."),
    ] = False


class ConfigSavedOut(CamelBody):
    """The version of the saved configuration, to send with the next save."""

    success: Literal[True] = True
    message: str
    websocket_url: str | None
    version: int


class ConfigOut(CamelBody):
    """The configuration of one session."""

    success: Literal[True] = True
    config: Configuration
