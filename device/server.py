"""Calls of a device to its server."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from device.account import Account, AccountFile
from device.errors import LogInNeeded, ServerAway, ServerNotSet, UnusableServer

CONNECT_SECONDS, REPLY_SECONDS = 5.0, 60.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
UNAUTHORIZED = 401
NO_PARAMETERS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Reply:
    """A response of the server."""

    status: int
    body: Any
    """Parsed JSON; None if the body is something else."""
    content: bytes
    retry_after: float | None
    """Seconds to wait, if the server names them."""

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 the class of statuses

    @property
    def whole_seconds(self) -> int | None:
        """Seconds to wait, rounded; None if the server names none."""
        return None if self.retry_after is None else round(self.retry_after)


class Server:
    """The server of a device.

    Args:
        accounts: File with the server's address and the tokens of the user.
    """

    def __init__(self, accounts: AccountFile) -> None:
        self._accounts = accounts
        self._refreshing = threading.Lock()
        self._http = httpx.Client(timeout=httpx.Timeout(REPLY_SECONDS, connect=CONNECT_SECONDS))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        parameters: Mapping[str, str] = NO_PARAMETERS,
    ) -> Reply:
        """Make a call with a given token, or without one.

        Raises:
            ServerNotSet: If the device has no server yet.
            ServerAway: If the server does not respond.
        """
        address = self._accounts.read().server
        if address is None:
            raise ServerNotSet
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            response = self._http.request(
                method, address + path, json=body, headers=headers, params=dict(parameters)
            )
        except httpx.HTTPError as error:
            raise ServerAway from error
        return _reply(response)

    def call_as_user(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        parameters: Mapping[str, str] = NO_PARAMETERS,
    ) -> Reply:
        """Make a call as the user; if the server refuses the token, make it again with a new one.

        Raises:
            LogInNeeded: If the server no longer accepts the log-in.
            ServerNotSet, ServerAway: As for `call`.
        """
        account = self._accounts.read()
        for _attempt in range(2):
            if account.access_token is None:
                raise LogInNeeded
            reply = self.call(method, path, body, token=account.access_token, parameters=parameters)
            if reply.status != UNAUTHORIZED:
                return reply
            account = self._refresh(account)
        raise LogInNeeded

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _refresh(self, old_account: Account) -> Account:
        """Return an account with a new access token, which another thread may have got already.

        Raises:
            LogInNeeded: If there is no refresh token, or the server refuses it.
            ServerNotSet, ServerAway: As for `call`, or if the response has no new tokens.
        """
        with self._refreshing:
            present = self._accounts.read()
            if present.access_token != old_account.access_token:
                return present
            if present.refresh_token is None:
                raise LogInNeeded
            reply = self.call("POST", "/api/auth/refresh", {"refresh_token": present.refresh_token})
            if not isinstance(reply.body, dict):  # such as a captive portal's page
                raise ServerAway(retry_after=reply.whole_seconds)
            if reply.status == UNAUTHORIZED:
                self._accounts.write(present.without_tokens())
                raise LogInNeeded
            if not reply.succeeded:
                raise ServerAway(retry_after=reply.whole_seconds)
            account = present.with_tokens(reply.body)
            self._accounts.write(account)
            return account


def checked_address(text: str) -> str:
    """Return a server's address without a slash at its end.

    Raises:
        UnusableServer: If it is not an address, or passwords would be sent to it in the clear.
    """
    address = text.strip().rstrip("/")
    not_an_address = UnusableServer(
        reason=f"{text!r} is not an address such as https://example.org."
    )
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an incomplete IPv6 address, or a port that is not a number from 0 to 65535
        raise not_an_address from None
    if not is_address or parts.query:
        raise not_an_address
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise UnusableServer(
            reason="the address begins with http://, so others could read the password; use https://."
        )
    return address


def _reply(response: httpx.Response) -> Reply:
    try:
        body = response.json()
    except ValueError:
        body = None
    seconds = seconds_of(response.headers.get("retry-after"), datetime.now(UTC))
    return Reply(response.status_code, body, response.content, seconds)


def seconds_of(retry_after: str | None, now: datetime) -> float | None:
    """Return the seconds that a header Retry-After names, as a number or as a date."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - now).total_seconds())
    except (TypeError, ValueError):
        return None
