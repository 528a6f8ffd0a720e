"""Errors of a device."""

from lib.errors import AppError, BadRequest, Conflict, Forbidden


class CannotTransfer(Exception):
    """The file cannot be imported, or there is nothing to export; the message says why."""


class DeviceOfAnotherUser(Conflict):
    """username: This device belongs to {username}; other users need a FOLDER of their own."""

    code = "device_of_another_user"
    fields = ("username",)


class ForStudentsOnly(Forbidden):
    """A device is for students; teachers and admins log in at the server."""

    code = "for_students_only"


class ServerAway(AppError):
    """The server does not answer; try again when the device is online."""

    status = 503
    code = "server_away"


class ServerNotSet(AppError):
    """The device has no server yet: start it once with `make device SERVER=<address>`."""

    status = 503
    code = "server_not_set"


class PasswordUnchecked(AppError):
    """The server is away, so nobody can check the password: send the device's code instead."""

    status = 503
    code = "password_unchecked"


class LogInNeeded(AppError):
    """The log-in at the server has expired: log in again when the device is online."""

    status = 503
    code = "log_in_needed"


class UnusableServer(BadRequest):
    """SERVER: {reason}"""  # noqa: D415 the reason is a sentence

    code = "unusable_server"
    fields = ("SERVER",)
