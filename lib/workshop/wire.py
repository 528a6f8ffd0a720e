"""Parts that the bodies of several folders share: the flags, and a session as it is stored."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import Field, create_model

from lib.web.wire import Body
from lib.workshop.course import COURSE

AnyBody = TypeVar("AnyBody", bound=Body)


def with_flags(annotation: Any, default: Any = ...) -> Callable[[type[AnyBody]], type[AnyBody]]:
    """Return a class decorator that adds a field for each flag of the built-in course.

    Args:
        annotation: Type of each field.
        default: Value of a flag that is left out; `...` makes the fields required.
    """
    fields: dict[str, Any] = {
        flag: (annotation, Field(default, description=text)) for flag, text in COURSE.flag_meanings
    }

    def add(body: type[AnyBody]) -> type[AnyBody]:
        return create_model(
            body.__name__,
            __base__=body,
            __module__=body.__module__,
            __doc__=body.__doc__,
            **fields,
        )

    return add


MAX_SESSION_BYTES = 3_000_000
"""Maximum size of one session in a response; Vercel's limit is 4.5 MB, Lambda's 6 MB."""


@with_flags(bool)
class StoredSession(Body):
    """The columns of a session that its token's holder may read; `has_api_key` replaces the key.

    The bounds of `lib/workshop/fields.py` do not apply: migrated sessions hold longer texts.
    """

    session_token: str
    """Token of the session."""
    course_id: str
    """Id of the course."""
    student_email: str | None
    """E-mail of the student."""
    student_name: str | None
    """Name of the student."""
    github_username: str | None
    """Name of the student on GitHub."""
    has_twilio_account_sid: bool
    """Whether an account SID of Twilio is stored."""
    demo_mode: bool
    """Whether the session runs without real accounts."""
    current_step: int
    """Furthest step that was reached; 0 if none."""
    completion_rate: int
    """Share of completed steps, 0 to 100."""
    use_case_description: str | None
    """Purpose of the assistant."""
    call_direction: str | None
    """Direction of the calls, such as `inbound` or `outbound`."""
    selected_phone_number: str | None
    """Phone number of the assistant."""
    tts_provider: str | None
    """Provider of text-to-speech."""
    selected_voice: str | None
    """Name of the voice."""
    has_api_key: bool
    """Whether an API key is stored."""
    system_prompt: str | None
    """System prompt of the voice assistant."""
    ivr_greeting: str | None
    """Greeting at the start of a call."""
    tools: Any
    """Tools that the assistant can call, as the page defines them."""
    voice_settings: Any
    """Settings of the voice, as the page defines them."""
    websocket_url: str | None
    """Address of the student's WebSocket server."""
    codespace_url: str | None
    """Address of the student's codespace."""
    github_repo_url: str | None
    """Address of the student's repository."""
    railway_url: str | None
    """Address of the student's deployment on Railway."""
    ci_service_sid: str | None
    """SID of the student's service of Twilio Conversational Intelligence."""
    version: int
    """Version of the configuration, to send with the next save."""
    truncated_fields: list[str] = Field(default_factory=list)
    """Fields that are shortened here, because the whole session would exceed 3 MB."""
