"""An endpoint: its path and function, who may call it, and how much they may send and how often."""

from dataclasses import dataclass
from enum import StrEnum

SMALL_BODY = 64 * 1024  # bytes
SYNC_BODY = 256 * 1024  # bytes of the changes that a device sends at once
LARGE_BODY = 4 * 1024 * 1024  # bytes; the platforms themselves refuse more than 4.5 MB
REQUEST_SECONDS = 15
"""Time limit of calls by students, users and the public."""
OPERATOR_SECONDS = 29
"""Time limit of operators' calls; API Gateway's is 30 s, so longer work is done in batches."""
CRON_SECONDS = 300
"""Time limit of scheduled calls."""
CALLS_PER_MINUTE = 60
"""Default limit on one user's calls to an endpoint of the study planner in a minute."""

WRITING = frozenset({"POST", "PUT"})
"""Methods of calls that may store something."""


class Access(StrEnum):
    """The callers that an endpoint admits."""

    PUBLIC = "public"  # anyone; responses contain nothing private
    SESSION = "session"  # holders of the session's token or id, which the handler checks
    INSTRUCTOR = "instructor"  # holders of INSTRUCTOR_PASSWORD or ADMIN_PASSWORD
    OPERATOR = "operator"  # holders of ADMIN_PASSWORD
    CRON = "cron"  # holders of CRON_SECRET
    USER = "user"  # users who have logged in, with their access token
    TEACHER = "teacher"  # teachers and admins who have logged in, with their access token


BY_PASSWORD = frozenset({Access.INSTRUCTOR, Access.OPERATOR})
"""Access with a password, which may be in the body."""
CLOSED = BY_PASSWORD | {Access.CRON}
"""Access that the guard itself grants and that no page of students needs."""
BY_TOKEN = frozenset({Access.USER, Access.TEACHER})
"""Access with a token, which the guard verifies; the handler checks that its user still exists."""


@dataclass(frozen=True)
class WriteLimit:
    """Number of writes that an endpoint takes in a quarter of an hour."""

    by_address: int
    """Maximum number of writes from one address, which a whole class may share."""
    by_holder: int
    """Maximum number with one credential, such as a session token or a ticket; for calls without a
    credential, for one e-mail address, pool or user name."""


@dataclass(frozen=True)
class Endpoint:
    """One path with its methods, and the function that serves it."""

    path: str
    module: str
    """The module below `api/`: `assessment.submit` is `api/assessment/submit.py`."""
    methods: tuple[str, ...]
    access: Access
    body_limit: int = SMALL_BODY
    """Maximum size of the body in bytes."""
    takes_csv: bool = False
    """Whether a body of `text/csv` is accepted, as the field `csv` of a JSON body."""
    takes_form: bool = False
    """Whether the body may be an HTML form, such as the live page's log-in."""
    of_live_system: bool = False
    """Whether pages of the live system call it; these read `detail` in errors."""
    calls_per_minute: int | None = None
    """Limit on the calls of one user in a minute, including those that only read."""
    limit: WriteLimit | None = None
    """Limit on the methods in WRITING; every endpoint with which the public writes has one."""
    schedule: str | None = None
    """Five-field cron expression, UTC, of the scheduled calls of this path."""

    @property
    def route(self) -> str:
        """The path as the router matches it: ids of examinees and test questions are any text.

        Some platforms decode %2F before they choose a function. No function matches then, and the
        call goes to the index, which has every route.
        """
        if self.module.startswith("learning."):
            return self.path
        path = self.path.replace("{student_id}", "{student_id:opaque}")
        return path.replace("{question_id}", "{question_id:opaque}")

    @property
    def seconds(self) -> int:
        """Time limit of a call on the platforms."""
        if self.access is Access.CRON:
            return CRON_SECONDS
        return OPERATOR_SECONDS if self.access in BY_PASSWORD else REQUEST_SECONDS


def for_users(
    path: str,
    module: str,
    *methods: str,
    access: Access = Access.USER,
    per_minute: int = CALLS_PER_MINUTE,
    body_limit: int = SMALL_BODY,
    takes_csv: bool = False,
) -> Endpoint:
    """Return an endpoint of the study planner; paths outside /api/learning/ are the live system's.

    Args:
        path: Path of the endpoint.
        module: Function, without `learning.`.
        *methods: Methods of the endpoint.
        access: The users that it admits.
        per_minute: Calls of one user in a minute.
        body_limit: Maximum size of the body in bytes.
        takes_csv: Whether a CSV file is accepted.
    """
    return Endpoint(
        path,
        f"learning.{module}",
        methods,
        access,
        body_limit,
        takes_csv,
        of_live_system=not path.startswith("/api/learning/"),
        calls_per_minute=per_minute,
    )
