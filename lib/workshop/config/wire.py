"""Bodies of the student-config endpoints."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from lib.web.wire import CamelBody, CamelRequest, CamelSuccessOut
from lib.workshop.course import NAME_OF_A_FLAG
from lib.workshop.fields import (
    ConfigToken,
    CurrentStep,
    GithubName,
    JsonArrayOrObject,
    JsonObject,
    OptionalCourseId,
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
    """The configuration that a student may save, except secrets and `ExtraFields`."""

    system_prompt: Text | None = None
    """System prompt of the voice assistant."""
    tools: JsonArrayOrObject | None = None
    """Tools that the assistant can call, as the page defines them."""
    voice_settings: JsonObject | None = None
    """Settings of the voice, as the page defines them."""
    use_case_description: Text | None = None
    """Purpose of the assistant."""
    call_direction: Text | None = None
    """Direction of the calls, such as `inbound` or `outbound`."""
    ivr_greeting: Text | None = None
    """Greeting at the start of a call."""
    tts_provider: Text | None = None
    """Provider of text-to-speech."""
    selected_voice: Text | None = None
    """Name of the voice."""
    selected_phone_number: Text | None = None
    """Phone number of the assistant."""
    websocket_url: Url | None = None
    """Address of the student's WebSocket server."""
    codespace_url: Url | None = None
    """Address of the student's codespace."""
    github_repo_url: Url | None = None
    """Address of the student's repository."""
    railway_url: Url | None = None
    """Address of the student's deployment on Railway."""
    ci_service_sid: Text | None = None
    """SID of the student's Twilio Conversational Intelligence service."""
    demo_mode: bool | None = None
    """Whether the session runs without real accounts."""
    current_step: CurrentStep | None = None
    """Furthest step that was reached; 0 if none. It never goes back."""


class ExtraFields(CamelBody):
    """Fields of the live admin panel that have no columns; stored in `sessions.extra`."""

    ai_model: Text | None = None
    """Name of the AI model."""
    ai_temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Temperature of the AI model."""
    conversation_states: JsonArrayOrObject | None = None
    """States of the conversation, as the page defines them."""
    enable_persistent_memory: bool | None = None
    """Whether the assistant remembers callers."""
    memory_retention_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    """Days for which the assistant remembers a caller."""


class ConfigIn(ConfigurationFields, ExtraFields, CamelRequest):
    """Fields to save. A field that is left out or null keeps its value."""

    model_config = ConfigDict(
        extra="allow"
    )  # an unknown field may be a flag of the session's course

    session_token: ConfigToken
    """Token of the session; the credential of the call."""
    course_id: OptionalCourseId = None
    """Id of the course of a new session; by default the built-in course."""
    student_name: ShortText = None
    """Name of the student."""
    student_email: OptionalEmail = None
    """E-mail of the student."""
    openai_api_key: Secret = None
    """API key of OpenAI; stored encrypted and never returned."""
    github_username: GithubName = None
    """Name of the student on GitHub."""
    twilio_account_sid: Secret = None
    """Account SID of Twilio; stored encrypted and never returned."""
    twilio_auth_token: Secret = None
    """Auth token of Twilio; stored encrypted and never returned."""
    version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    """The version that was loaded. The request is refused if the configuration has been saved
    since."""

    def changed_columns(self) -> dict[str, Any]:
        """Return the configuration fields that were sent, by column."""
        return self.model_dump(include=set(ConfigurationFields.model_fields), exclude_none=True)

    def changed_extra(self) -> dict[str, Any]:
        """Return the fields of `sessions.extra` that were sent, by the page's names."""
        names = set(ExtraFields.model_fields)
        return self.model_dump(include=names, exclude_none=True, by_alias=True)

    def has_known_changes(self) -> bool:
        """Return whether there is anything to save except flags that are not columns."""
        ignored_names = {"session_token", "version", *self.other_flags()}
        return bool(self.model_dump(exclude=ignored_names, exclude_none=True))

    @model_validator(mode="after")
    def _keep_flags_only(self) -> Self:
        """Forget all unknown members except those that can be flags of a course."""
        extra = self.model_extra or {}
        for name in [*extra]:
            if extra[name] is not True or not NAME_OF_A_FLAG.fullmatch(name):
                del extra[name]
        return self

    def other_flags(self) -> dict[str, bool]:
        """Return the true flags that are not columns; only those of the course are stored."""
        return dict(self.model_extra or {})


class Configuration(StoredSession, ExtraFields):
    """A saved configuration."""

    extra: Annotated[dict[str, Any], Field(exclude=True)] = {}  # noqa: RUF012
    """Members of `sessions.extra` except secrets."""
    has_twilio_auth_token: bool = False
    """Whether an auth token of Twilio is stored."""
    api_key_usable: bool = False
    """False if there is no API key or this deployment cannot decrypt it."""

    @model_validator(mode="before")
    @classmethod
    def _with_extra(cls, stored: Any) -> Any:
        """Return a stored session with the members of `extra` beside its columns."""
        if not isinstance(stored, dict):
            return stored
        names = {field.alias for field in ExtraFields.model_fields.values()}
        extra = {name: value for name, value in stored.get("extra", {}).items() if name in names}
        return {**extra, **stored}


class ConfigSavedOut(CamelSuccessOut):
    """Result of a save: the configuration's new version, and the fields that were not saved."""

    message: str
    websocket_url: str | None
    """Address of the student's WebSocket server: the stored one or, if there is none, this
    session's address at WEBSOCKET_DOMAIN."""
    version: int
    """Version of the configuration, to send with the next save."""
    ignored_fields: list[str]
    """Fields that were sent and not saved, because they are unknown."""


class ConfigOut(CamelSuccessOut):
    """The configuration of one session."""

    config: Configuration
    """The configuration."""
