"""The table of every endpoint: path, function, methods, and who may call it.

`api/index.py` serves this table, `lib/access/guard.py` enforces its access column, and the
deployment files are generated from it, so an endpoint that is not here does not exist.
"""

from dataclasses import dataclass
from enum import StrEnum

SMALL_BODY = 64 * 1024  # bytes
LARGE_BODY = 4 * 1024 * 1024  # bytes; the platforms themselves refuse more than 4.5 MB
REQUEST_SECONDS = 15
OPERATOR_SECONDS = 29
"""Time limit of operators' calls; API Gateway's is 30 s, so longer work is done in batches."""
CRON_SECONDS = 300

WRITING = frozenset({"POST", "PUT"})
"""Methods with which a call may store something."""


class Access(StrEnum):
    """The callers that an endpoint admits."""

    PUBLIC = "public"  # anyone; responses contain nothing private
    SESSION = "session"  # holders of the session's token or id, which the handler checks
    INSTRUCTOR = "instructor"  # holders of INSTRUCTOR_PASSWORD or ADMIN_PASSWORD
    OPERATOR = "operator"  # holders of ADMIN_PASSWORD
    CRON = "cron"  # holders of CRON_SECRET


BY_PASSWORD = frozenset({Access.INSTRUCTOR, Access.OPERATOR})
"""Access with a password, which may stand in the body."""
CLOSED = BY_PASSWORD | {Access.CRON}
"""Access that the guard itself grants; nobody else gets as far as the handler."""


@dataclass(frozen=True)
class WriteLimit:
    """Number of writes that an endpoint takes in a quarter of an hour."""

    by_address: int
    """From one address, which a whole class may share."""
    by_holder: int
    """With one session or ticket; without either, for one e-mail address or pool."""


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
    limit: WriteLimit | None = None
    """Limit on the methods in WRITING; every endpoint with which the public writes has one."""
    schedule: str | None = None
    """Five-field cron expression, UTC, of the scheduled calls of this path."""

    @property
    def route(self) -> str:
        """The path as the router matches it: ids of students and questions are any text.

        Some platforms decode %2F before they choose a function. No function matches then, and the
        call goes to the index, which has every route.
        """
        path = self.path.replace("{student_id}", "{student_id:opaque}")
        return path.replace("{question_id}", "{question_id:opaque}")

    @property
    def seconds(self) -> int:
        """Time limit of a call on the platforms."""
        if self.access is Access.CRON:
            return CRON_SECONDS
        return OPERATOR_SECONDS if self.access in BY_PASSWORD else REQUEST_SECONDS


ENDPOINTS: tuple[Endpoint, ...] = (
    # --- operations
    Endpoint("/health", "operations.health", ("GET",), Access.PUBLIC),
    Endpoint("/api/health", "operations.health", ("GET",), Access.PUBLIC),
    # --- workshop
    Endpoint(
        "/api/generate-session",
        "workshop.generate_session",
        ("POST",),
        Access.PUBLIC,
        limit=WriteLimit(by_address=1_000, by_holder=100),
    ),
    Endpoint(
        "/api/student-progress",
        "workshop.student_progress",
        ("GET", "POST"),
        Access.SESSION,
        limit=WriteLimit(by_address=50_000, by_holder=900),
    ),
    Endpoint(
        "/api/student-config-save",
        "workshop.student_config_save",
        ("POST",),
        Access.SESSION,
        limit=WriteLimit(by_address=5_000, by_holder=300),
    ),
    Endpoint(
        "/api/student-config-update",
        "workshop.student_config_update",
        ("PUT",),
        Access.SESSION,
        limit=WriteLimit(by_address=5_000, by_holder=300),
    ),
    Endpoint("/api/student-config-get", "workshop.student_config_get", ("GET",), Access.SESSION),
    Endpoint(
        "/api/track-student-progress",
        "workshop.track_student_progress",
        ("GET", "POST"),
        Access.SESSION,
        limit=WriteLimit(by_address=50_000, by_holder=900),
    ),
    Endpoint("/api/course", "workshop.course", ("GET",), Access.PUBLIC),
    Endpoint(
        "/api/report-bug",
        "workshop.report_bug",
        ("POST",),
        Access.PUBLIC,
        limit=WriteLimit(by_address=1_000, by_holder=300),
    ),
    Endpoint(
        "/api/ask-for-help",
        "workshop.ask_for_help",
        ("POST",),
        Access.SESSION,
        limit=WriteLimit(by_address=2_000, by_holder=60),
    ),
    Endpoint(
        "/api/session-log",
        "workshop.session_log",
        ("GET", "POST"),
        Access.SESSION,
        limit=WriteLimit(by_address=50_000, by_holder=900),
    ),
    Endpoint(
        "/api/cleanup-sessions",
        "workshop.cleanup_sessions",
        ("GET",),
        Access.CRON,
        schedule="30 3 * * *",
    ),
    Endpoint(
        "/api/admin-list-configs", "workshop.admin_list_configs", ("POST",), Access.INSTRUCTOR
    ),
    Endpoint(
        "/api/admin-list-configs-v2", "workshop.admin_list_configs_v2", ("POST",), Access.INSTRUCTOR
    ),
    Endpoint(
        "/api/admin-delete-sessions", "workshop.admin_delete_sessions", ("POST",), Access.OPERATOR
    ),
    Endpoint("/api/admin-mark-helped", "workshop.admin_support", ("POST",), Access.INSTRUCTOR),
    Endpoint("/api/admin-new-link", "workshop.admin_support", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-change-email", "workshop.admin_change_email", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-rename-student", "workshop.admin_people", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-merge-students", "workshop.admin_people", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-detach-session", "workshop.admin_people", ("POST",), Access.OPERATOR),
    Endpoint(
        "/api/admin-delete-student", "operations.admin_delete_student", ("POST",), Access.OPERATOR
    ),
    Endpoint("/api/admin-save-course", "workshop.admin_save_course", ("POST",), Access.OPERATOR),
    Endpoint("/api/workshop-analytics", "workshop.analytics", ("GET",), Access.INSTRUCTOR),
    Endpoint("/api/class-progress", "workshop.class_progress", ("GET",), Access.INSTRUCTOR),
    Endpoint(
        "/api/admin-import-roster",
        "workshop.admin_roster",
        ("POST",),
        Access.INSTRUCTOR,
        body_limit=LARGE_BODY,
        takes_csv=True,
    ),
    Endpoint("/api/admin-export", "workshop.admin_roster", ("GET",), Access.INSTRUCTOR),
    # --- operations
    Endpoint(
        "/api/admin-create-unified-schema",
        "operations.admin_create_unified_schema",
        ("POST",),
        Access.OPERATOR,
    ),
    # --- legacy
    Endpoint(
        "/api/admin-migrate-to-unified-schema",
        "legacy.admin_migrate_to_unified_schema",
        ("POST",),
        Access.OPERATOR,
    ),
    Endpoint(
        "/api/admin-normalize-database-v2",
        "legacy.admin_normalize_database_v2",
        ("POST",),
        Access.OPERATOR,
    ),
    Endpoint(
        "/api/admin-cleanup-old-tables",
        "legacy.admin_cleanup_old_tables",
        ("POST",),
        Access.OPERATOR,
    ),
    Endpoint(
        "/api/admin-restore-old-tables",
        "legacy.admin_restore_old_tables",
        ("POST",),
        Access.OPERATOR,
    ),
    # --- operations
    Endpoint("/api/admin-backup", "operations.admin_backup", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-restore", "operations.admin_restore", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-rotate-keys", "operations.admin_rotate_keys", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-audit", "operations.admin_audit", ("GET",), Access.OPERATOR),
    Endpoint("/api/nightly", "operations.nightly", ("GET",), Access.CRON),
    # --- assessment
    Endpoint(
        "/api/questions/upload",
        "assessment.questions_upload",
        ("POST",),
        Access.OPERATOR,
        body_limit=LARGE_BODY,
    ),
    Endpoint(
        "/api/test/tickets",
        "assessment.tickets",
        ("POST",),
        Access.OPERATOR,
        body_limit=LARGE_BODY,
    ),
    Endpoint(
        "/api/test/start",
        "assessment.start",
        ("POST",),
        Access.PUBLIC,
        limit=WriteLimit(by_address=600, by_holder=3_000),
    ),
    Endpoint(
        "/api/test/submit",
        "assessment.submit",
        ("POST",),
        Access.SESSION,
        limit=WriteLimit(by_address=50_000, by_holder=600),
    ),
    Endpoint(
        "/api/test/end",
        "assessment.end",
        ("POST",),
        Access.SESSION,
        limit=WriteLimit(by_address=2_000, by_holder=100),
    ),
    Endpoint(
        "/api/test/end/{session_id}",
        "assessment.end",
        ("POST",),
        Access.SESSION,
        limit=WriteLimit(by_address=2_000, by_holder=100),
    ),
    Endpoint("/api/test/status/{session_id}", "assessment.status", ("GET",), Access.SESSION),
    Endpoint("/api/sessions/cleanup", "assessment.sessions_cleanup", ("POST",), Access.OPERATOR),
    Endpoint(
        "/api/sessions/cleanup",
        "assessment.sessions_cleanup",
        ("GET",),
        Access.CRON,
        schedule="*/10 * * * *",
    ),
    Endpoint(
        "/api/student/{student_id}/proficiency",
        "assessment.student_proficiency",
        ("GET",),
        Access.SESSION,
    ),
    Endpoint(
        "/api/student/{student_id}/history", "assessment.student_history", ("GET",), Access.SESSION
    ),
    Endpoint(
        "/api/student/{student_id}/progress",
        "assessment.student_progress",
        ("GET",),
        Access.SESSION,
    ),
    Endpoint(
        "/api/debug/session/{session_id}", "assessment.debug_session", ("GET",), Access.INSTRUCTOR
    ),
    Endpoint(
        "/api/debug/pool/{question_pool_id}", "assessment.debug_pool", ("GET",), Access.INSTRUCTOR
    ),
    Endpoint("/api/debug/redis/stats", "assessment.debug_redis_stats", ("GET",), Access.OPERATOR),
    Endpoint("/api/debug/sync/{session_id}", "assessment.debug_sync", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-reset-test", "assessment.admin_reset_test", ("POST",), Access.OPERATOR),
    # Session, because the local server tells everybody what a page may offer.
    Endpoint("/api/pools", "assessment.pools", ("GET",), Access.SESSION),
    Endpoint("/api/pools/{question_pool_id}", "assessment.pools", ("GET",), Access.INSTRUCTOR),
    Endpoint(
        "/api/pools/{question_pool_id}/results",
        "assessment.pool_results",
        ("GET",),
        Access.INSTRUCTOR,
    ),
    Endpoint(
        "/api/pools/{question_pool_id}/precision",
        "assessment.pool_precision",
        ("GET",),
        Access.INSTRUCTOR,
    ),
    Endpoint(
        "/api/pools/{question_pool_id}/questions",
        "assessment.pool_questions",
        ("GET",),
        Access.INSTRUCTOR,
    ),
    Endpoint(
        "/api/pools/{question_pool_id}/questions/{question_id}/retire",
        "assessment.pool_changes",
        ("POST",),
        Access.OPERATOR,
    ),
    Endpoint(
        "/api/pools/{question_pool_id}/questions/{question_id}",
        "assessment.pool_changes",
        ("PUT",),
        Access.OPERATOR,
        body_limit=LARGE_BODY,
    ),
    Endpoint(
        "/api/admin-pool-version", "assessment.admin_pool_version", ("POST",), Access.OPERATOR
    ),
    Endpoint("/api/admin-calibrate", "assessment.calibrate", ("POST",), Access.OPERATOR),
    Endpoint(
        "/api/calibrate", "assessment.calibrate", ("GET",), Access.CRON, schedule="45 4 * * *"
    ),
)


def rows_of(module: str) -> tuple[Endpoint, ...]:
    """Return the rows of one function.

    Raises:
        LookupError: If there are none, so that a misspelt name fails when the function is imported.
    """
    rows = tuple(row for row in ENDPOINTS if row.module == module)
    if not rows:
        raise LookupError(f"No row of lib/routes.py names the function {module!r}")
    return rows


def modules() -> tuple[str, ...]:
    """Return every function, in the table's order, each once."""
    return tuple(dict.fromkeys(row.module for row in ENDPOINTS))
