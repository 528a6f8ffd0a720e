"""Paths: parameters that may be any text, and slashes at the end, which are ignored."""

from starlette.convertors import CONVERTOR_TYPES, PathConvertor, register_url_convertor
from starlette.types import Scope


class Opaque(PathConvertor):
    """Matches any text, such as an id from another system, with its slashes and line feeds."""

    regex = "(?s:.*)"


def register() -> None:
    """Allow `{name:opaque}` in routes."""
    if "opaque" not in CONVERTOR_TYPES:
        register_url_convertor("opaque", Opaque())


def without_trailing_slash(scope: Scope) -> Scope:
    """Return the scope of a request for the same path without slashes at its end.

    A redirect would lose the body of a POST with some clients, and platforms redirect differently.
    """
    path: str = scope["path"]
    return {**scope, "path": path.rstrip("/") or "/"} if path.endswith("/") else scope
