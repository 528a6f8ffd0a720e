"""The platform's own id of a request, under which its console lists the request."""

import re
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from lib.deps import current_deps
from lib.settings import Platform

MAX_CHARACTERS = 100
_UNUSUAL = re.compile(r"[^\w:.-]", re.ASCII)


def platform_request_id(scope: Scope) -> str | None:
    """Return Lambda's request id, or Vercel's; None on the local server."""
    context = scope.get("aws.context")
    if context is not None:
        return lambda_request_id(context)
    if current_deps().settings.platform is Platform.VERCEL:
        return _bounded(Headers(scope=scope).get("x-vercel-id"))
    return None


def lambda_request_id(context: Any) -> str | None:
    """Return the request id in the context that Lambda passes with an event."""
    return _bounded(getattr(context, "aws_request_id", None))


def _bounded(text: str | None) -> str | None:
    """Shorten the id and replace characters that no platform uses; a header can hold any text."""
    return _UNUSUAL.sub("_", text[:MAX_CHARACTERS]) if text else None
