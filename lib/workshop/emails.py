"""Normalization of e-mail addresses, with the same result as public.normalized_email() in SQL."""

import re
import unicodedata

_BLANK = r"[\t-\r \u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_INVISIBLE = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_WITH_DISPLAY_NAME = re.compile(rf"^.*<([^<>]*@[^<>]*)>{_BLANK}*\Z", re.DOTALL)
_SCHEME = re.compile(rf"^{_BLANK}*(mailto:{_BLANK}*)+")
_QUERY = re.compile(r"[?][^@]*\Z")
_BLANKS_AROUND = re.compile(rf"^{_BLANK}+|{_BLANK}+\Z")


def normalized_email(text: str) -> str:
    """Return the address in `Ann <ann@x.org>`, `mailto:ann@x.org` or plain text; may be empty.

    It is in lower case and in Unicode's form NFC, without invisible characters and without blanks
    around it.
    """
    email = _lower(unicodedata.normalize("NFC", _INVISIBLE.sub("", text)))
    email = _WITH_DISPLAY_NAME.sub(r"\1", email)
    if _SCHEME.match(email):
        email = _QUERY.sub("", _SCHEME.sub("", email))
    return _BLANKS_AROUND.sub("", email)


def _lower(text: str) -> str:
    """Return the text in lower case, letter by letter as Postgres does it."""
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
