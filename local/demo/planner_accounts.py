"""Accounts of the study planner's demo, and their password."""

import hashlib

from lib.access.encryption_keys import signing_keys
from lib.settings import Settings

TEACHER = "ms-okafor"
DILIGENT = ("amira", "bruno", "chiara")
"""Students who have practised for a month."""


def demo_password(settings: Settings) -> str:
    """Return the password of the demo's accounts, which differs with each encryption key.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing.
    """
    key, *_ = signing_keys(settings, "demo accounts")
    return hashlib.sha256(key).hexdigest()[:12]


def log_ins(settings: Settings) -> dict[str, str]:
    """Return the names of a student and of the teacher, and their password.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing.
    """
    return {"student": DILIGENT[0], "teacher": TEACHER, "password": demo_password(settings)}


def accounts(password: str) -> str:
    """Return a line that says how to log in to the study planner's demo."""
    return (
        f"Study planner: log in as {DILIGENT[0]} (a student) or {TEACHER} (the teacher) with"
        f" the password {password}"
    )
