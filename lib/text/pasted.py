"""Removal of the quotes and blanks around values that people paste."""

_QUOTES = "\"'`“”„‘’‚«»"  # noqa: RUF001 word processors and chats write these
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\0"
_LINE_BREAKS = ("\\r", "\\n")
"""Line breaks that a shell or a file has written out as two characters."""


def unwrapped(text: str) -> str:
    """Return the text without quotes, blanks, line breaks and invisible characters around it.

    A quote counts only if there is another one at the other end.
    """
    before = None
    while before != text:
        before = text
        text = text.strip().strip(_INVISIBLE)
        for line_break in _LINE_BREAKS:
            text = text.removesuffix(line_break)
        if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
            text = text[1:-1]
    return text
