"""Errors of backups and of the schema's creation."""

from lib.errors import AlreadyRunning, AppError, BadRequest, Conflict, NotFound


class BackupNotFound(NotFound):
    """There is no such backup."""

    code = "backup_not_found"


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
    fields = ("confirmText",)


class CreationRunning(AlreadyRunning):
    """Another call is creating the schema right now; wait until it has ended."""

    code = "creation_running"


class NothingToBackUp(Conflict):
    """No backup was written: this database has no table of a workshop, assessment or study planner.

    Tables are looked for in the schemas public, assessment and learning.
    """

    code = "nothing_to_back_up"


class TablesNotReadable(Conflict):
    """No backup was written: the database's role cannot read all rows of {tables}.

    It needs SELECT and must not be subject to row-level security. The tables' owner
    meets both conditions, unless row-level security is forced.
    """

    code = "tables_not_readable"


class TakesTooLong(AppError):
    """The database is too large for one call: use `make backup` and `make restore` instead.

    They run pg_dump and pg_restore, without a time limit.
    """

    status = 503
    code = "takes_too_long"
