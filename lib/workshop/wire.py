"""Parts that the bodies of several folders share: the flags, and a session as it is stored."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import create_model

from lib.web.wire import Body
from lib.workshop.course import COURSE

AnyBody = TypeVar("AnyBody", bound=Body)


def with_flags(annotation: Any, default: Any = ...) -> Callable[[type[AnyBody]], type[AnyBody]]:
    """Return a class decorator that adds a field for each flag of the course.

    Args:
        annotation: Type of each field.
        default: Value of a flag that is left out; `...` makes the fields required.
    """
    fields: dict[str, Any] = dict.fromkeys(COURSE.flags, (annotation, default))

    def add(body: type[AnyBody]) -> type[AnyBody]:
        return create_model(
            body.__name__,
            __base__=body,
            __module__=body.__module__,
            __doc__=body.__doc__,
            **fields,
        )

    return add


@with_flags(bool)
class StoredSession(Body):
    """The columns of a session that its token's holder may read; `has_api_key` replaces the key.

    The bounds of `lib/workshop/fields.py` do not apply: migrated sessions hold longer texts.
    """

    session_token: str
    student_email: str | None
    student_name: str | None
    github_username: str | None
    has_twilio_account_sid: bool
    demo_mode: bool
    current_step: int
    completion_rate: int
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
    version: int
