"""Errors of backups and of schema creation."""

from lib.errors import AlreadyRunning, AppError, BadRequest, Conflict


class BackupPlaceUnavailable(AppError):
    """The bucket of the backups cannot be reached, or refused; nothing was changed."""

    status = 503
    code = "backup_place_unavailable"


class BackupUnreadable(Conflict):
    """Nothing was restored: {reason}."""

    code = "backup_unreadable"


class ConfirmationMissing(BadRequest):
    """{tables} hold rows: send confirmText "{confirmation}" to set them aside. Nothing was changed.

    They are renamed and stay in the database.
    """

    code = "confirmation_missing"


class CreationRunning(AlreadyRunning):
    """Another call is making the schema right now; wait until it has ended."""
