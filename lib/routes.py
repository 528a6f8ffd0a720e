"""The table of every endpoint: path, function, methods, and who may call it.

`api/index.py` serves this table, `lib/access/guard.py` enforces its access column, and the
deployment files are generated from it, so an endpoint that is not here does not exist.
"""

from lib.access.endpoint import (
    LARGE_BODY,
    SYNC_BODY,
    Access,
    Endpoint,
    WriteLimit,
    for_users,
)

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
    # Access.SESSION, because the local server shows everybody the pools that a page may offer.
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
    # --- learning
    Endpoint(
        "/api/auth/register",
        "learning.auth",
        ("POST",),
        Access.PUBLIC,
        of_live_system=True,
        limit=WriteLimit(by_address=1_000, by_holder=30),
    ),
    Endpoint(
        "/api/auth/login",
        "learning.auth",
        ("POST",),
        Access.PUBLIC,
        takes_form=True,
        of_live_system=True,
        limit=WriteLimit(by_address=2_000, by_holder=20),
    ),
    Endpoint(
        "/api/auth/refresh",
        "learning.auth",
        ("POST",),
        Access.PUBLIC,
        of_live_system=True,
        limit=WriteLimit(by_address=5_000, by_holder=60),
    ),
    Endpoint(
        "/api/auth/reset-password",
        "learning.auth",
        ("POST",),
        Access.PUBLIC,
        of_live_system=True,
        limit=WriteLimit(by_address=300, by_holder=10),
    ),
    for_users("/api/auth/me", "auth", "GET"),
    for_users("/api/auth/logout", "auth", "POST"),
    for_users("/api/auth/change-password", "auth", "POST", per_minute=5),
    Endpoint("/api/admin-invite", "learning.admin_invite", ("POST",), Access.OPERATOR),
    Endpoint("/api/admin-calibrate-learning", "learning.calibrate", ("POST",), Access.OPERATOR),
    Endpoint(
        "/api/calibrate-learning",
        "learning.calibrate",
        ("GET",),
        Access.CRON,
        schedule="15 5 * * *",
    ),
    for_users("/api/learning/profile", "profile", "GET", "PUT"),
    for_users("/api/learning/topics", "topics", "GET"),
    for_users("/api/learning/topics", "topics", "POST", access=Access.TEACHER),
    for_users("/api/learning/topics/{topic_id}", "topics", "PUT", access=Access.TEACHER),
    for_users("/api/topics", "topics", "GET"),
    for_users("/api/topics", "topics", "POST", access=Access.TEACHER),
    for_users("/api/topics/{topic_id}", "topics", "GET"),
    for_users("/api/topics/{topic_id}/prerequisites", "topics", "GET"),
    for_users("/api/topics/unlockable/{student_id}", "topics", "GET"),
    for_users(
        "/api/learning/content",
        "content",
        "POST",
        access=Access.TEACHER,
        body_limit=LARGE_BODY,
        takes_csv=True,
    ),
    for_users("/api/learning/content-files", "content", "GET"),
    for_users("/api/learning/content-files/{sha256}", "content", "GET", per_minute=600),
    for_users("/api/learning/questions", "questions", "GET", per_minute=30),
    for_users("/api/questions/concept/{concept_id}", "questions", "GET", per_minute=30),
    for_users("/api/questions/{question_id}", "questions", "GET", per_minute=30),
    for_users("/api/learning/attempts", "attempts", "GET"),
    for_users("/api/learning/attempts", "attempts", "POST", per_minute=30),
    for_users("/api/attempts", "attempts", "POST", per_minute=30),
    for_users("/api/attempts/student/{student_id}", "attempts", "GET"),
    for_users("/api/learning/mastery", "mastery", "GET"),
    for_users("/api/mastery/student/{student_id}", "mastery", "GET"),
    for_users("/api/mastery/student/{student_id}/concept/{concept_id}", "mastery", "GET"),
    for_users("/api/attempts/mastery/student/{student_id}", "mastery", "GET"),
    for_users("/api/attempts/mastery/student/{student_id}/concept/{concept_id}", "mastery", "GET"),
    for_users("/api/learning/recommendations", "recommendations", "GET"),
    for_users("/api/recommendations/next/{student_id}", "recommendations", "GET", per_minute=10),
    for_users("/api/recommendations/top/{student_id}", "recommendations", "GET", per_minute=10),
    for_users(
        "/api/recommendations/explain/{student_id}/{topic_id}",
        "recommendations",
        "GET",
        per_minute=20,
    ),
    for_users("/api/recommendations/concepts/{student_id}/{topic_id}", "recommendations", "GET"),
    for_users("/api/learning/plan", "plan", "GET"),
    for_users("/api/learning/plan", "plan", "POST", per_minute=5),
    for_users("/api/plans/daily/{student_id}", "plan", "POST", per_minute=5),
    for_users("/api/plans/weekly/{student_id}", "plan", "POST", per_minute=5),
    for_users("/api/plans/exam/{student_id}", "plan", "POST", per_minute=5),
    for_users("/api/plans/student/{student_id}", "plan", "GET"),
    for_users("/api/learning/progress", "progress", "GET"),
    for_users("/api/learning/classes", "classes", "GET"),
    for_users("/api/learning/classes", "classes", "POST", access=Access.TEACHER),
    for_users("/api/learning/classes/join", "classes", "POST"),
    for_users("/api/learning/classes/{class_id}", "classes", "GET", "PUT", access=Access.TEACHER),
    for_users("/api/learning/classes/{class_id}/move", "classes", "POST", access=Access.TEACHER),
    for_users(
        "/api/learning/classes/{class_id}/plan-arms", "classes", "POST", access=Access.TEACHER
    ),
    for_users("/api/learning/exam-marks", "exam_marks", "GET"),
    for_users("/api/learning/exam-marks", "exam_marks", "POST", access=Access.TEACHER),
    for_users(
        "/api/learning/class-analytics",
        "class_analytics",
        "GET",
        access=Access.TEACHER,
        per_minute=20,
    ),
    *(
        for_users(
            f"/api/analytics/class/{{class_id}}{part}",
            "class_analytics",
            "GET",
            access=Access.TEACHER,
            per_minute=20,
        )
        for part in ("", "/weak-topics", "/at-risk", "/predictions")
    ),
    for_users(
        "/api/analytics/student/{student_id}/comparison", "class_analytics", "GET", per_minute=20
    ),
    for_users("/api/sync/upload", "sync", "POST", body_limit=LARGE_BODY),
    for_users("/api/sync/download/{student_id}", "sync", "GET"),
    for_users("/api/learning/sync", "sync", "POST", body_limit=SYNC_BODY),
    for_users("/api/learning/sync/rows", "sync", "GET"),
    for_users("/api/learning/devices", "sync", "GET"),
    for_users("/api/sync/status/{student_id}", "sync", "GET"),
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
