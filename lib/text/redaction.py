"""Removal of secrets from text and JSON, recognized by their format or by the name before them.

Students paste code, error messages and addresses that hold keys. What pages of the workshop send as
text goes through `redact_text` before it is stored; the types in `lib/workshop/fields.py` call it.
E-mails and tokens that hold a secret are refused instead.
"""

import re
from typing import Any

from lib.text.patterns import late_pattern

REDACTED = "[secret removed]"

_NAME = (
    r"(?:api[-_]?key|auth[-_]?token|access[-_]?token|refresh[-_]?token|secret|passw(?:or)?d"
    r"|private[-_]?key|credential)"
)
SECRET_NAME = late_pattern(_NAME + "|account_?sid", re.IGNORECASE)
"""Matches the name of a column or member that holds a secret."""

# Stored JSON may be scanned as text, so a key may directly follow an escape sequence.
_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4}))"
SECRET_FORMAT = (
    _BEFORE + r"(?:"
    r"sk-[\w-]{8,}"  # OpenAI and others
    r"|(?:AC|SK)[0-9a-fA-F]{32}(?![0-9a-zA-Z])"  # Twilio's accounts and API keys
    r"|AIza[\w-]{20,}|GOCSPX-[\w-]{16,}|ya29\.[\w.-]{20,}"  # Google
    r"|gh[oprsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"  # GitHub, GitLab
    r"|xox[a-z]-[\w-]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}"  # Slack, AWS
    r"|(?:sk|rk|pk)_(?:live|test)_\w{10,}|gsk_\w{20,}|hf_\w{20,}"  # Stripe, Groq, Hugging Face
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"  # SendGrid, JSON web tokens
    r")"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-\"\\]|\\+[nrt])*"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
"""Regular expression for the formats of secrets, for Python and Postgres; legacy.secret_format() in
sql/legacy/schema/tables.sql returns the same. A match never extends past the end of a JSON string.
"""
_FORMAT = late_pattern(SECRET_FORMAT)
_URL_CREDENTIALS = late_pattern(r"(?<=://)[^\s/?#@:\"'<>\\]*:[^\s/?#@\"'<>\\]+(?=@)")
# A placeholder, such as ${TOKEN}, stays: it begins with a character that no secret begins with.
_URL_PARAMETER = late_pattern(
    rf"([?&;][\w.-]{{0,60}}(?:{_NAME}|token|key|auth|sig(?:nature)?)=)(?![$<{{%\[])[^&;#\s\"'<>\\`]+",
    re.IGNORECASE,
)
_HEADER = late_pattern(r"(\b(?:bearer|basic)\s{1,3})[\w.~+/=-]{16,}", re.IGNORECASE)
_QUOTED = late_pattern(
    rf"({_NAME}[\w-]{{0,40}}\\{{0,9}}[\"']?\s{{0,5}}[:=]\s{{0,5}}\\{{0,9}}[\"'`])(?![$<{{%\[])"
    r"[^\s\"'`\\]{6,}+(?=\\{0,9}[\"'`])",
    re.IGNORECASE,
)
_UNQUOTED = late_pattern(
    rf"({_NAME}[\w-]{{0,40}}\s{{0,5}}[:=]\s{{0,5}})(?=[A-Za-z_+/-]{{0,80}}[0-9])"
    r"[\w+/-]{12,}+(?![.(\[])",
    re.IGNORECASE,
)
# Most texts contain none of these strings. Searching for them is thirty times as fast as the regex.
FORMAT_MARKS = (
    "sk-", "AC", "SK", "AIza", "GOCSPX-", "ya29.", "gho_", "ghp_", "ghr_", "ghs_", "ghu_",
    "github_pat_", "glpat-", "xox", "AKIA", "ASIA", "_live_", "_test_", "gsk_", "hf_", "SG.", "eyJ",
    "PRIVATE KEY",
)  # fmt: skip
_NAME_MARKS = (
    "apikey", "api_key", "api-key", "authtoken", "auth_token", "auth-token", "accesstoken",
    "access_token", "access-token", "refreshtoken", "refresh_token", "refresh-token", "secret",
    "passw", "privatekey", "private_key", "private-key", "credential",
)  # fmt: skip


def redact_text(text: str) -> str:
    """Return a text with every secret replaced."""
    if any(mark in text for mark in FORMAT_MARKS):
        text = _FORMAT.sub(REDACTED, text)
    if "://" in text and "@" in text:
        text = _URL_CREDENTIALS.sub(REDACTED, text)
    lowered = text.lower()
    for pattern, marks in (
        (_URL_PARAMETER, ("=",)),
        (_HEADER, ("bearer", "basic")),
        (_QUOTED, _NAME_MARKS),
        (_UNQUOTED, _NAME_MARKS),
    ):
        if any(mark in lowered for mark in marks):
            text = pattern.sub(rf"\g<1>{REDACTED}", text)
    return text


def redact(value: Any) -> Any:
    """Return a JSON value with every secret replaced, in the names of members too."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, list):
        return [redact(item) for item in value]
    if isinstance(value, dict):
        return {redact_text(name): _redact_member(name, item) for name, item in value.items()}
    return value


def matches_secret_format(text: str) -> bool:
    """Return whether a part of a text has the format of a secret, whatever the name before it."""
    return _FORMAT.search(text) is not None


def holds_secret(text: str) -> bool:
    """Return whether a text, or JSON as text, holds something that `redact_text` replaces."""
    return redact_text(text) != text


def _redact_member(name: str, value: Any) -> Any:
    """Redact a member; under a secret's name, any value without blanks counts as a secret."""
    if not isinstance(value, str) or not SECRET_NAME.search(name) or re.search(r"\s", value):
        return redact(value)
    return REDACTED if value else value
