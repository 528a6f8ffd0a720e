"""A part of a path that may be any text: the id that somebody else gave a student."""

from starlette.convertors import CONVERTOR_TYPES, PathConvertor, register_url_convertor


class Opaque(PathConvertor):
    """Any text, slashes and line feeds included."""

    regex = "(?s:.*)"


def register() -> None:
    """Let routes say `{name:opaque}`."""
    if "opaque" not in CONVERTOR_TYPES:
        register_url_convertor("opaque", Opaque())
