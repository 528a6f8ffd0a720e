"""The table of every endpoint: path, module, methods, who may call.

`api/index.py` serves this table, `lib/access.py` enforces its last column, and the deployment
files are made from it, so an endpoint that is not here does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SMALL_BODY = 64 * 1024  # bytes
LARGE_BODY = 4 * 1024 * 1024  # bytes; the platforms refuse more than 4.5 MB themselves
REQUEST_SECONDS = 15
OPERATOR_SECONDS = 29
"""API Gateway gives up after 30 s, so longer work comes in batches."""
SCHEDULED_SECONDS = 300


class Access(StrEnum):
    """Who may call an endpoint."""

    PUBLIC = "public"  # anyone; answers hold nothing that is private
    SESSION = "session"  # whoever holds the session's token or id, which the handler checks
    OPERATOR = "operator"  # ADMIN_PASSWORD, as `adminPassword` or bearer
    CRON = "cron"  # CRON_SECRET as bearer


@dataclass(frozen=True)
class Endpoint:
    """One public path and the function behind it."""

    path: str
    module: str
    """Name of the file in `api/`, without `.py`."""
    methods: tuple[str, ...]
    access: Access
    body_limit: int = SMALL_BODY
    """Bytes."""
    schedule: str | None = None
    """Five-field cron expression, UTC, of the run that this path answers."""

    @property
    def route(self) -> str:
        """The path as lib.web matches it: a student's id is opaque, slashes are part of it.

        Some platforms decode %2F before they choose a function. Then none fits, and the index,
        which holds every route, gets the call.
        """
        return self.path.replace("{student_id}", "{student_id:opaque}")

    @property
    def seconds(self) -> int:
        """How long the platforms let a call run."""
        if self.schedule:
            return SCHEDULED_SECONDS
        long = self.access in {Access.OPERATOR, Access.CRON}
        return OPERATOR_SECONDS if long else REQUEST_SECONDS


ENDPOINTS: tuple[Endpoint, ...] = (
    # --- house
    Endpoint("/health", "health", ("GET",), Access.PUBLIC),
    Endpoint("/api/health", "health", ("GET",), Access.PUBLIC),
    # --- workshop
    Endpoint("/api/generate-session", "generate_session", ("POST",), Access.PUBLIC),
    Endpoint("/api/student-progress", "student_progress", ("GET", "POST"), Access.SESSION),
    Endpoint("/api/student-config-save", "student_config_save", ("POST",), Access.SESSION),
    Endpoint("/api/student-config-update", "student_config_update", ("PUT",), Access.SESSION),
    Endpoint("/api/student-config-get", "student_config_get", ("GET",), Access.SESSION),
    Endpoint(
        "/api/track-student-progress", "track_student_progress", ("GET", "POST"), Access.SESSION
    ),
    Endpoint("/api/report-bug", "report_bug", ("POST",), Access.PUBLIC),
    Endpoint(
        "/api/cleanup-sessions", "cleanup_sessions", ("GET",), Access.CRON, schedule="30 3 * * *"
    ),
    Endpoint("/api/admin-list-configs", "admin_list_configs", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-list-configs-v2", "admin_list_configs_v2", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-delete-sessions", "admin_delete_sessions", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-delete-student", "admin_delete_student", ("POST",), Access.OPERATOR),
    Endpoint("/api/workshop-analytics", "workshop_analytics", ("GET",), Access.OPERATOR),
    Endpoint(
        "/api/admin-create-unified-schema",
        "admin_create_unified_schema",
        ("POST",),
        Access.OPERATOR,
    ),
    # --- legacy
    Endpoint(
        "/api/admin-migrate-to-unified-schema",
        "admin_migrate_to_unified_schema",
        ("POST",),
        Access.OPERATOR,
    ),
    Endpoint(
        "/api/admin-normalize-database-v2",
        "admin_normalize_database_v2",
        ("POST",),
        Access.OPERATOR,
    ),
    Endpoint(
        "/api/admin-cleanup-old-tables",
        "admin_cleanup_old_tables",
        ("POST",),
        Access.OPERATOR,
    ),
    Endpoint(
        "/api/admin-restore-old-tables",
        "admin_restore_old_tables",
        ("POST",),
        Access.OPERATOR,
    ),
    Endpoint("/api/admin-backup", "admin_backup", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-restore", "admin_restore", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-rotate-keys", "admin_rotate_keys", ("POST",), Access.OPERATOR),
    # --- assessment
    Endpoint(
        "/api/questions/upload",
        "questions_upload",
        ("POST",),
        Access.OPERATOR,
        body_limit=LARGE_BODY,
    ),
    Endpoint("/api/test/start", "test_start", ("POST",), Access.PUBLIC),
    Endpoint("/api/test/submit", "test_submit", ("POST",), Access.SESSION),
    Endpoint("/api/test/end", "test_end", ("POST",), Access.SESSION),
    Endpoint("/api/test/end/{session_id}", "test_end", ("POST",), Access.SESSION),
    Endpoint("/api/test/status/{session_id}", "test_status", ("GET",), Access.SESSION),
    Endpoint("/api/sessions/cleanup", "sessions_cleanup", ("POST",), Access.OPERATOR),
    Endpoint(
        "/api/sessions/cleanup",
        "sessions_cleanup",
        ("GET",),
        Access.CRON,
        schedule="*/10 * * * *",
    ),
    Endpoint(
        "/api/student/{student_id}/proficiency", "student_proficiency", ("GET",), Access.SESSION
    ),
    Endpoint("/api/student/{student_id}/history", "student_history", ("GET",), Access.SESSION),
    Endpoint(
        "/api/student/{student_id}/progress", "student_test_progress", ("GET",), Access.SESSION
    ),
    Endpoint("/api/debug/session/{session_id}", "debug_session", ("GET",), Access.OPERATOR),
    Endpoint("/api/debug/pool/{question_pool_id}", "debug_pool", ("GET",), Access.OPERATOR),
    Endpoint("/api/debug/redis/stats", "debug_redis_stats", ("GET",), Access.OPERATOR),
    Endpoint("/api/debug/sync/{session_id}", "debug_sync", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-calibrate", "calibrate", ("POST",), Access.OPERATOR),
    Endpoint("/api/calibrate", "calibrate", ("GET",), Access.CRON, schedule="45 4 * * *"),
)


def endpoints_of(module: str) -> tuple[Endpoint, ...]:
    """Every row of one function."""
    return tuple(row for row in ENDPOINTS if row.module == module)


def modules() -> tuple[str, ...]:
    """Every function, in the table's order, each once."""
    return tuple(dict.fromkeys(row.module for row in ENDPOINTS))


def template(scope: Mapping[str, Any]) -> str:
    """The path of the route that a request has found, as the table has it."""
    return str(scope["route"].path_format)


def find(path: str, method: str) -> Endpoint | None:
    """The row of a route template such as `/api/test/end/{session_id}`."""
    return next((row for row in ENDPOINTS if row.path == path and method in row.methods), None)
