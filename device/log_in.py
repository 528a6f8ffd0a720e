"""Log-in at a device; the server checks the password, since the device does not store it.

While the server is away, the user of the device gets in with the device's code, which is printed
at the start; without it, any program on the machine could get in.
"""

from typing import Any
from uuid import UUID

import jwt

from device.context import Device
from device.errors import (
    DeviceOfAnotherUser,
    ForStudentsOnly,
    PasswordUnchecked,
    ServerAway,
    ServerNotSet,
)
from device.server import UNAUTHORIZED, Reply
from device.user import DeviceUser, UserDetails, read_device_user, store_user
from lib.access.guard import same_secret
from lib.learning.accounts import store as account_store
from lib.learning.accounts.tokens import issue_tokens
from lib.learning.accounts.wire import LogInIn, TokensOut
from lib.learning.errors import LogInRefused
from lib.learning.tables.closed_lists import Role

FIRST_SYNC_SECONDS = 20.0
"""Longest time for which the first log-in waits for the rows and the content of the server."""


def log_in(device: Device, body: LogInIn) -> TokensOut:
    """Return tokens of the device for its user.

    Raises:
        DeviceOfAnotherUser: If the device belongs to someone else.
        LogInRefused: If the server refuses the name or the password.
        ForStudentsOnly: If the user is not a student.
        ServerAway, ServerNotSet: If this is the first log-in, and the server does not answer
            or is not set.
        PasswordUnchecked: If the server is away or not set, and the password is not the device's
            code.
    """
    with device.database.session() as db:
        user = read_device_user(db)
    if user is not None and user.username != body.username:
        raise DeviceOfAnotherUser(username=user.username)
    if user is not None and same_secret(body.password, device.secrets.code):
        return _tokens(device, user)
    credentials = {"username": body.username, "password": body.password}
    try:
        reply = device.server.call("POST", "/api/auth/login", credentials)
        if reply.status == UNAUTHORIZED:
            raise LogInRefused
        return admit(device, require_success(reply))
    except (ServerAway, ServerNotSet):
        if user is None:
            raise
        raise PasswordUnchecked from None


def admit(device: Device, tokens: dict[str, Any]) -> TokensOut:
    """Store the user whom the server has logged in, and return tokens of the device.

    Raises:
        ForStudentsOnly: If the user is not a student.
        DeviceOfAnotherUser: If the device belongs to someone else.
        ServerAway: If the server does not answer.
    """
    if tokens["user"]["role"] != Role.STUDENT:
        raise ForStudentsOnly
    details = _read_details(device, tokens["access_token"])
    with device.database.session() as db:
        previous_user = read_device_user(db)
        if previous_user is not None and previous_user.id != details.user_id:
            raise DeviceOfAnotherUser(username=previous_user.username)
        user = store_user(db, details, device.now())
        db.commit()
    device.accounts.write(device.accounts.read().with_tokens(tokens))
    if previous_user is None:
        device.wait_for_sync(FIRST_SYNC_SECONDS)  # without the content, every page would be empty
    else:
        device.sync_soon()
    return _tokens(device, user)


def require_no_user(device: Device) -> None:
    """Refuse a registration at a device that already has a user.

    Raises:
        DeviceOfAnotherUser: If it has one.
    """
    with device.database.session() as db:
        user = read_device_user(db)
    if user is not None:
        raise DeviceOfAnotherUser(username=user.username)


def require_success(reply: Reply) -> dict[str, Any]:
    """Return the body of a response.

    Raises:
        ServerAway: If the call did not succeed, or something other than the server responded.
    """
    if not reply.succeeded or not isinstance(reply.body, dict):
        raise ServerAway(retry_after=reply.whole_seconds)
    return reply.body


def _read_details(device: Device, token: str) -> UserDetails:
    me, profile, classes = (
        require_success(device.server.call("GET", path, token=token))
        for path in ("/api/auth/me", "/api/learning/profile", "/api/learning/classes")
    )
    claims = jwt.decode(token, options={"verify_signature": False})  # over TLS from the server
    return UserDetails(UUID(claims["uid"]), me, profile, classes)


def _tokens(device: Device, user: DeviceUser) -> TokensOut:
    with device.database.session() as db:
        account = account_store.read_account(db, user.id)
        assert account is not None  # noqa: S101 the log-in has stored it
        tokens = issue_tokens(db, account, device.settings, device.now())
        db.commit()
    return tokens
