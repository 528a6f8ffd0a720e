"""Access control by the `access` column of `lib/routes.py`.

Operators send ADMIN_PASSWORD as `adminPassword` in the body or as a bearer token; cron jobs send
CRON_SECRET as a bearer token. Wrong passwords are counted in Postgres, which every operator's
call needs anyway, so nobody is admitted without it.
"""

import hashlib
import hmac
import ipaddress
import json
import re
from datetime import timedelta
from typing import Annotated

from starlette.concurrency import run_in_threadpool

from lib.deps import Deps, get_deps
from lib.errors import NotConfigured, TooManyAttempts, Unauthenticated, raises
from lib.framework import Depends, Request
from lib.pasted import unwrapped
from lib.routes import Access, Endpoint
from lib.settings import MINIMUM_SECRET_LENGTH, Platform, Settings

MINIMUM_PASSWORD_LENGTH = 12  # characters
ADDRESS_LIMIT, ADDRESS_WINDOW = 5, timedelta(minutes=15)
GLOBAL_LIMIT, GLOBAL_WINDOW = 50, timedelta(hours=1)
PLACEHOLDERS = frozenset({"YOUR_ADMIN_PASSWORD", "YOUR_PASSWORD"})
"""Passwords as the guides print them."""
# Possessive quantifiers, so that no body can make it backtrack.
_PASSWORD_MEMBER = re.compile(rb'"adminPassword"\s*+:\s*+("(?:[^"\\]++|\\.)*+")')
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


async def guard(request: Request, raw: bytes, deps: Deps) -> None:
    """Admit the caller or raise; every route of every function calls this first.

    Args:
        request: The request; its state holds the endpoint.
        raw: The body before parsing, which avoids parsing megabytes for unauthenticated callers.
        deps: Settings and Postgres.
    """
    endpoint: Endpoint = request.state.endpoint
    if endpoint.access is Access.OPERATOR:
        await _check_operator(request, deps, _bearer(request) or _password_in(raw))
    elif endpoint.access is Access.CRON:
        _check_cron(request, deps.settings)


@raises(Unauthenticated, TooManyAttempts)
async def maybe_operator(request: Request, deps: Annotated[Deps, Depends(get_deps)]) -> bool:
    """Return whether the caller is an operator, on an endpoint that others may call too.

    Raises:
        Unauthenticated: If a bearer token is sent and wrong.
    """
    credential = _bearer(request)
    if credential is None:
        return False
    await _check_operator(request, deps, credential)
    return True


@raises(Unauthenticated, TooManyAttempts)
async def local_or_operator(request: Request, deps: Annotated[Deps, Depends(get_deps)]) -> bool:
    """Return whether the caller is an operator, or calls the local server from this machine."""
    if _bearer(request) is None:
        return _is_trusted_locally(request, deps.settings, None)
    return await maybe_operator(request, deps)


async def require_operator(request: Request, deps: Deps) -> None:
    """Admit an operator or raise, on an endpoint where only some queries require an operator."""
    await _check_operator(request, deps, _bearer(request))


MaybeOperator = Annotated[bool, Depends(maybe_operator)]
LocalOrOperator = Annotated[bool, Depends(local_or_operator)]


def same_secret(credential: str, expected: str) -> bool:
    """Compare in constant time, whatever characters and length were sent.

    The settings leave out quotes and blanks around a secret. Callers may repeat them, as Vercel's
    cron does, which sends the variable as it is.
    """
    return hmac.compare_digest(_digest(unwrapped(credential)), _digest(unwrapped(expected)))


def caller_address(request: Request, settings: Settings) -> str:
    """Return the caller's address, for IPv6 its /64 network.

    It comes from the platform; headers that a caller can set are ignored.
    """
    real_ip = request.headers.get("x-real-ip") if settings.platform is Platform.VERCEL else None
    text = real_ip or (request.client.host if request.client else "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if address.version == 4:  # noqa: PLR2004 IPv4
        return text
    return str(ipaddress.ip_network((address, 64), strict=False))


def _password_in(raw: bytes) -> str | None:
    """Return the password in a body, at any depth, since whoever sends it knows it."""
    member = _PASSWORD_MEMBER.search(raw)
    if member is None:
        return None
    try:
        return str(json.loads(member[1]))
    except ValueError:
        return None


async def _check_operator(request: Request, deps: Deps, password: str | None) -> None:
    if _is_trusted_locally(request, deps.settings, password):
        return
    expected = _admin_password(deps.settings)
    right = password is not None and same_secret(password, expected)
    wait = await run_in_threadpool(_admit, request, deps, password_right=right)
    if wait is None:
        return
    if wait > 0:
        raise TooManyAttempts(retry_after=wait)
    raise Unauthenticated


def _admit(request: Request, deps: Deps, *, password_right: bool) -> int | None:
    """Record the attempt; None admits the caller, 0 refuses, else the seconds to wait."""
    from lib.access import store

    address = caller_address(request, deps.settings)
    attempt = store.Attempt(
        action=request.state.endpoint.path,
        address_sha256=hashlib.sha256(address.encode()).hexdigest(),
        password_right=password_right,
        address_limit=ADDRESS_LIMIT,
        address_window=ADDRESS_WINDOW,
        global_limit=GLOBAL_LIMIT,
        global_window=GLOBAL_WINDOW,
    )
    return store.admit_operator(deps.postgres, attempt)


def _admin_password(settings: Settings) -> str:
    password = settings.admin_password or ""
    weak = len(password) < MINIMUM_PASSWORD_LENGTH or password in PLACEHOLDERS
    if not password or (settings.deployed and weak):
        raise NotConfigured(name="ADMIN_PASSWORD")
    return password


def _check_cron(request: Request, settings: Settings) -> None:
    token = _bearer(request)
    if _is_trusted_locally(request, settings, token):
        return
    secret = settings.cron_secret or ""
    if len(secret) < MINIMUM_SECRET_LENGTH:
        raise NotConfigured(name="CRON_SECRET")
    if token is None or not same_secret(token, secret):
        raise Unauthenticated


def _is_trusted_locally(request: Request, settings: Settings, credential: str | None) -> bool:
    """Return whether the local server admits a call from this machine without a password.

    A placeholder counts as no password. The Host header is checked too: a page elsewhere can make
    a browser call this machine, but not under this machine's own name.
    """
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    return (
        settings.trust_loopback
        and (credential is None or credential in PLACEHOLDERS)
        and request.client is not None
        and request.client.host in {"127.0.0.1", "::1"}
        and host in LOOPBACK_NAMES
        and request.headers.get("sec-fetch-site") not in {"cross-site", "same-site"}
    )


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
