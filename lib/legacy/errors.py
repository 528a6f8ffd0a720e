"""What can keep the legacy tables from being moved, renamed, saved or brought back."""

from lib.errors import AppError, BadRequest, Conflict


class UnifiedSchemaNotFound(BadRequest):
    """Unified schema not found. Run admin-create-unified-schema first."""

    code = "unified_schema_not_found"


class NotConfirmed(BadRequest):
    """Nothing was changed: send "confirmText": "{text}" to confirm."""

    code = "not_confirmed"


class NothingToDo(BadRequest):
    """{reason}."""

    code = "nothing_to_do"


class NotSafeYet(Conflict):
    """Nothing was changed: {reason}."""

    code = "not_safe_yet"


class BackupPlaceUnavailable(AppError):
    """The bucket of the backups cannot be reached, or refused; nothing was changed."""

    status = 503
    code = "backup_place_unavailable"


class BackupUnreadable(Conflict):
    """Nothing was restored: {reason}."""

    code = "backup_unreadable"
