"""Errors of backups and of the schema's creation."""

from lib.errors import AlreadyRunning, AppError, BadRequest, Conflict


class BackupPlaceUnavailable(AppError):
    """The bucket of the backups cannot be reached, or refused the request; nothing was changed."""

    status = 503
    code = "backup_place_unavailable"


class BackupUnreadable(Conflict):
    """Nothing was restored: {reason}."""

    code = "backup_unreadable"


class ConfirmationMissing(BadRequest):
    """{tables} hold rows: send confirmText "{confirmation}" to set them aside. Nothing was changed.

    Tables that are set aside are renamed and stay in the database.
    """

    code = "confirmation_missing"


class CreationRunning(AlreadyRunning):
    """Another call is creating the schema right now; wait until it has ended."""


class TakesTooLong(AppError):
    """The database is too large for one call: use `make backup` (pg_dump) instead."""

    status = 503
    code = "takes_too_long"
