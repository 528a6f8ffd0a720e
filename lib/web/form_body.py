"""HTML forms, which the live pages send for log-ins."""

from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING

from lib.errors import JsonRefused
from lib.logs import shown_name

if TYPE_CHECKING:
    from starlette.datastructures import Headers

MAX_FIELDS = 20


async def fields_of(raw: bytes, headers: "Headers") -> Mapping[str, str]:
    """Return the fields of a form as texts.

    Raises:
        JsonRefused: If it is not a form of the type in the headers, names a field twice, or has a
            file or NULs; a form is treated as a JSON object.
    """
    from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

    content_type = headers.get("content-type", "").lower()
    try:
        if content_type.lstrip().startswith("multipart/"):
            form = await MultiPartParser(
                headers, _whole(raw), max_files=0, max_fields=MAX_FIELDS
            ).parse()
        else:
            form = await FormParser(headers, _whole(raw)).parse()
    except (MultiPartException, UnicodeDecodeError, ValueError, KeyError) as error:
        raise JsonRefused(reason="The form cannot be read.") from error
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if not isinstance(value, str) or name in fields or "\0" in name + value:
            raise JsonRefused(
                reason="The form has a field twice, a file, or a NUL character.",
                fields=(shown_name(name),),
            )
        fields[name] = value
    return fields


async def _whole(raw: bytes) -> AsyncGenerator[bytes, None]:
    yield raw
    yield b""
