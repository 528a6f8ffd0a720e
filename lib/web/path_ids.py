"""Path parameters that may be any text, such as a student's id from another system."""

from starlette.convertors import CONVERTOR_TYPES, PathConvertor, register_url_convertor


class Opaque(PathConvertor):
    """Matches any text, including slashes and line feeds."""

    regex = "(?s:.*)"


def register() -> None:
    """Allow `{name:opaque}` in routes."""
    if "opaque" not in CONVERTOR_TYPES:
        register_url_convertor("opaque", Opaque())
