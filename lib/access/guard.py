"""Who may call: the last column of `lib/routes.py`, enforced.

Operators show ADMIN_PASSWORD, as `adminPassword` in the body or as a bearer token; cron shows
CRON_SECRET as a bearer token. Wrong passwords are counted in Postgres, which every operator's
call needs anyway: without it nobody gets in.
"""

import hashlib
import hmac
import ipaddress
import json
import re
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from lib.deps import Deps, get_deps
from lib.errors import (
    NotConfigured,
    SchemaMissing,
    TooManyAttempts,
    Unauthenticated,
)
from lib.routes import Access, Endpoint
from lib.settings import MINIMUM_SECRET_LENGTH, Platform, Settings

MINIMUM_PASSWORD_LENGTH = 12  # characters
ADDRESS_LIMIT, ADDRESS_WINDOW = 5, timedelta(minutes=15)
GLOBAL_LIMIT, GLOBAL_WINDOW = 50, timedelta(hours=1)
PLACEHOLDERS = frozenset({"YOUR_ADMIN_PASSWORD", "YOUR_PASSWORD"})  # as the guides print them
# Possessive, so that no body makes it go back and try again.
_PASSWORD_MEMBER = re.compile(rb'"adminPassword"\s*+:\s*+("(?:[^"\\]++|\\.)*+")')
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


async def guard(request: Request, raw: bytes, deps: Deps) -> None:
    """Let the caller through, or raise; every route of every function runs this first.

    Args:
        request: Its headers and route.
        raw: The body, not parsed yet, which avoids parsing megabytes for unauthenticated callers.
        deps: Settings and Postgres.
    """
    endpoint: Endpoint = request.state.endpoint
    if endpoint.access is Access.OPERATOR:
        await _check_operator(request, deps, _bearer(request) or _password_in(raw))
    elif endpoint.access is Access.CRON:
        _check_cron(request, deps.settings)


async def maybe_operator(request: Request, deps: Annotated[Deps, Depends(get_deps)]) -> bool:
    """Whether the caller is an operator, where strangers may call too.

    Raises:
        Unauthenticated: If a bearer token is shown and wrong.
    """
    credential = _bearer(request)
    if credential is None:
        return False
    await _check_operator(request, deps, credential)
    return True


async def local_or_operator(request: Request, deps: Annotated[Deps, Depends(get_deps)]) -> bool:
    """As `maybe_operator`; on the local server a call from this machine is an operator's."""
    if _bearer(request) is None:
        return _trusted_here(request, deps.settings, None)
    return await maybe_operator(request, deps)


async def require_operator(request: Request, deps: Deps) -> None:
    """Let an operator through, or raise; for an open endpoint's one question that needs one."""
    await _check_operator(request, deps, _bearer(request))


MaybeOperator = Annotated[bool, Depends(maybe_operator)]
LocalOrOperator = Annotated[bool, Depends(local_or_operator)]


def same_secret(shown: str, expected: str) -> bool:
    """Compare in constant time, whatever characters and length were sent."""
    return hmac.compare_digest(_digest(shown), _digest(expected))


def caller_address(request: Request, settings: Settings) -> str:
    """The caller's address as the platform tells it, never as the caller does; IPv6: its /64."""
    told = request.headers.get("x-real-ip") if settings.platform is Platform.VERCEL else None
    text = told or (request.client.host if request.client else "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if address.version == 4:  # noqa: PLR2004 IPv4
        return text
    return str(ipaddress.ip_network((address, 64), strict=False))


def _password_in(raw: bytes) -> str | None:
    """The password that a body shows; where does not matter, since whoever shows it has it."""
    found = _PASSWORD_MEMBER.search(raw)
    if found is None:
        return None
    try:
        return str(json.loads(found[1]))
    except ValueError:
        return None


async def _check_operator(request: Request, deps: Deps, shown: str | None) -> None:
    if _trusted_here(request, deps.settings, shown):
        return
    expected = _admin_password(deps.settings)
    right = shown is not None and same_secret(shown, expected)
    wait = await run_in_threadpool(_admit, request, deps, right=right)
    if wait is None:
        return
    if wait > 0:
        raise TooManyAttempts(retry_after=wait)
    raise Unauthenticated


def _admit(request: Request, deps: Deps, *, right: bool) -> int | None:
    """Record the attempt; None lets the caller in, 0 refuses, else the seconds to wait."""
    from lib.access.audit import create_access_schema
    from lib.database.queries import load_queries

    query = load_queries("access/operators.sql")["admit_operator"]
    address = caller_address(request, deps.settings)
    params = {
        "action": request.state.endpoint.path,
        "address_sha256": hashlib.sha256(address.encode()).hexdigest(),
        "password_right": right,
        "address_limit": ADDRESS_LIMIT,
        "address_window": ADDRESS_WINDOW,
        "global_limit": GLOBAL_LIMIT,
        "global_window": GLOBAL_WINDOW,
    }
    try:
        wait = deps.postgres.fetch_value(query, params)
    except SchemaMissing:
        create_access_schema(deps)
        wait = deps.postgres.fetch_value(query, params)
    return None if wait is None else int(wait)


def _admin_password(settings: Settings) -> str:
    password = settings.admin_password or ""
    weak = len(password) < MINIMUM_PASSWORD_LENGTH or password in PLACEHOLDERS
    if not password or (settings.deployed and weak):
        raise NotConfigured(name="ADMIN_PASSWORD")
    return password


def _check_cron(request: Request, settings: Settings) -> None:
    shown = _bearer(request)
    if _trusted_here(request, settings, shown):
        return
    secret = settings.cron_secret or ""
    if len(secret) < MINIMUM_SECRET_LENGTH:
        raise NotConfigured(name="CRON_SECRET")
    if shown is None or not same_secret(shown, secret):
        raise Unauthenticated


def _trusted_here(request: Request, settings: Settings, shown: str | None) -> bool:
    """Only on the local server: a call from this machine that shows no password, or the guides'.

    The Host header is checked too: a page elsewhere can make a browser call this machine, but
    not under this machine's own name.
    """
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    return (
        settings.trust_loopback
        and (shown is None or shown in PLACEHOLDERS)
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
