"""Access control by the `access` column of `lib/routes.py`.

Operators send ADMIN_PASSWORD as `adminPassword` in the body or as a bearer token, instructors
INSTRUCTOR_PASSWORD; cron jobs send CRON_SECRET as a bearer token. Wrong passwords are counted in
Postgres, which every call with a password needs anyway, so nobody is admitted without it. Users
send the access token of their log-in as a bearer token; no page of another site can make a browser
do that.

Calls without a password, and calls that a page of another site made, are refused but not counted:
any page can make a browser send such calls, which must not lock out its user.
"""

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from starlette.concurrency import run_in_threadpool

from lib.access.caller import address_digest
from lib.access.endpoint import BY_PASSWORD, BY_TOKEN, Access, Endpoint
from lib.access.weak_secrets import (
    MINIMUM_PASSWORD_LENGTH,
    MINIMUM_SECRET_LENGTH,
    PLACEHOLDERS,
    weakness,
)
from lib.deps import Deps, get_deps
from lib.errors import (
    AppError,
    CalledFromAnotherSite,
    InstructorRefused,
    NotConfigured,
    RoleRefused,
    TokenRefused,
    TooManyAttempts,
    Unauthenticated,
    raises,
)
from lib.framework import Depends, Request
from lib.settings import Settings
from lib.text.pasted import unwrapped

if TYPE_CHECKING:
    from lib.access.user_tokens import Claims

ADDRESS_LIMIT, ADDRESS_WINDOW = 5, timedelta(minutes=15)
GLOBAL_LIMIT, GLOBAL_WINDOW = 50, timedelta(hours=1)
ADMITTED_WINDOW = timedelta(days=7)
"""Time for which guesses from other addresses do not lock an address that was admitted."""
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
    if endpoint.access in BY_PASSWORD:
        await _check_password(request, deps, _bearer(request) or _password_in(raw))
    elif endpoint.access is Access.CRON:
        await _check_cron(request, deps)
    elif endpoint.access in BY_TOKEN:
        request.state.claims = _claims_of_user(request, deps)


@raises(CalledFromAnotherSite, Unauthenticated, TooManyAttempts)
async def holds_password(request: Request, deps: Annotated[Deps, Depends(get_deps)]) -> bool:
    """Return whether the caller holds a password, on an endpoint that others may read, too.

    Raises:
        Unauthenticated: If a bearer token is sent and wrong.
    """
    credential = _bearer(request)
    if credential is None:
        return False
    await _check_password(request, deps, credential)
    return True


@raises(CalledFromAnotherSite, InstructorRefused, Unauthenticated, TooManyAttempts)
async def holds_admin_password(request: Request, deps: Annotated[Deps, Depends(get_deps)]) -> bool:
    """Return whether the caller holds ADMIN_PASSWORD, on an endpoint that needs no password.

    Raises:
        InstructorRefused: If the bearer token is INSTRUCTOR_PASSWORD.
        Unauthenticated: If a bearer token is sent and wrong.
    """
    credential = _bearer(request)
    if credential is None:
        return False
    await _check_password(request, deps, credential, Access.OPERATOR)
    return True


@raises(CalledFromAnotherSite, Unauthenticated, TooManyAttempts)
async def local_or_password(request: Request, deps: Annotated[Deps, Depends(get_deps)]) -> bool:
    """Return whether the caller may read everything: with a password, or as a local caller.

    A local caller is on the machine on which the local server runs.
    """
    if _bearer(request) is None:
        return _is_trusted_locally(request, deps.settings, None)
    return await holds_password(request, deps)


@raises(CalledFromAnotherSite, InstructorRefused, Unauthenticated, TooManyAttempts)
async def local_or_admin_password(
    request: Request, deps: Annotated[Deps, Depends(get_deps)]
) -> bool:
    """Return whether the caller holds ADMIN_PASSWORD or is on the local server's own machine."""
    if _bearer(request) is None:
        return _is_trusted_locally(request, deps.settings, None)
    return await holds_admin_password(request, deps)


async def require_password(request: Request, deps: Deps) -> None:
    """Admit a caller with a password, on an endpoint where only some queries require one."""
    await _check_password(request, deps, _bearer(request))


HoldsPassword = Annotated[bool, Depends(holds_password)]
HoldsAdminPassword = Annotated[bool, Depends(holds_admin_password)]
LocalOrPassword = Annotated[bool, Depends(local_or_password)]


def same_secret(credential: str, expected: str) -> bool:
    """Compare in constant time, whatever characters and length were sent.

    The settings strip quotes and blanks around a secret. Callers may still send them: Vercel's
    cron sends the variable unchanged.
    """
    expected_digest = _digest(unwrapped(expected))
    matches = [
        hmac.compare_digest(_digest(unwrapped(spelling)), expected_digest)
        for spelling in _spellings(credential)
    ]
    return any(matches)


def _password_in(raw: bytes) -> str | None:
    """Return the password in a body, at any depth; only someone who has it can send it."""
    member = _PASSWORD_MEMBER.search(raw)
    if member is None:
        return None
    try:
        return str(json.loads(member[1]))
    except ValueError:
        return None


async def _check_password(
    request: Request, deps: Deps, password: str | None, access: Access | None = None
) -> None:
    """Admit a caller who may make this call, or who has the given access; count a wrong password.

    A lock is checked before the password's rights, so that it hides whether a guess was right.
    """
    if _is_trusted_locally(request, deps.settings, password):
        return
    access = access or request.state.endpoint.access
    _refuse_weak_passwords(deps.settings, for_instructors=access is not Access.OPERATOR)
    if password is None or not unwrapped(password):
        raise Unauthenticated
    if from_another_site(request, deps.settings):
        raise CalledFromAnotherSite
    holder = _holder(password, deps.settings)
    wait = await run_in_threadpool(_admit, request, deps, holder)
    if wait == 0:
        raise Unauthenticated
    if wait is not None:
        raise TooManyAttempts(retry_after=wait)
    if holder is Access.INSTRUCTOR and access is Access.OPERATOR:
        await run_in_threadpool(_audit_refused_instructor, request, deps)
        raise InstructorRefused


def _holder(password: str, settings: Settings) -> Access | None:
    """Return the access that a password gives; None if the password is wrong."""
    passwords = {
        Access.OPERATOR: settings.admin_password,
        Access.INSTRUCTOR: settings.instructor_password,
    }
    holders = [
        access
        for access, expected in passwords.items()
        if expected is not None and same_secret(password, expected)
    ]
    return next(iter(holders), None)


def _admit(request: Request, deps: Deps, holder: Access | None) -> int | None:
    """Record the attempt; return None to admit, 0 to refuse, or the seconds to wait."""
    from lib.access import store

    attempt = store.Attempt(
        action=request.state.endpoint.path,
        address_sha256=address_digest(request, deps.settings),
        password_right=holder is not None,
        address_limit=ADDRESS_LIMIT,
        address_window=ADDRESS_WINDOW,
        global_limit=GLOBAL_LIMIT,
        global_window=GLOBAL_WINDOW,
        admitted_window=ADMITTED_WINDOW,
        facts={"password": "INSTRUCTOR_PASSWORD"} if holder is Access.INSTRUCTOR else {},
    )
    return store.admit_operator(deps.postgres, attempt)


def _audit_refused_instructor(request: Request, deps: Deps) -> None:
    from lib.access.audit import Outcome, audit

    facts = {"error": InstructorRefused.code}
    audit(deps, request.state.endpoint.path, Outcome.REJECTED, facts)


def _refuse_weak_passwords(settings: Settings, *, for_instructors: bool) -> None:
    """Disable calls whose password is missing or, in a deployment, could be guessed.

    Raises:
        NotConfigured: If ADMIN_PASSWORD is such a password; in a deployment also if it is the same
            as INSTRUCTOR_PASSWORD, so that instructors could do everything, or if instructors may
            call and INSTRUCTOR_PASSWORD could be guessed.
    """
    if not settings.deployed:
        if settings.admin_password is None:
            raise NotConfigured(name="ADMIN_PASSWORD")
        return
    reason = weakness(settings.admin_password, MINIMUM_PASSWORD_LENGTH)
    if reason is not None:
        raise NotConfigured(name="ADMIN_PASSWORD", reason=reason)
    if settings.instructor_password is None:
        return
    if same_secret(settings.instructor_password, settings.admin_password or ""):
        raise NotConfigured(name="INSTRUCTOR_PASSWORD", reason="is the same as ADMIN_PASSWORD")
    reason = weakness(settings.instructor_password, MINIMUM_PASSWORD_LENGTH)
    if reason is not None and for_instructors:
        raise NotConfigured(name="INSTRUCTOR_PASSWORD", reason=reason)


def _claims_of_user(request: Request, deps: Deps) -> "Claims":
    """Return the claims of the caller's access token.

    Raises:
        TokenRefused: If it is missing, invalid or expired.
        RoleRefused: If the endpoint is for teachers, and the caller is not one.
    """
    from lib.access.user_tokens import TEACHING_ROLES, read_token

    token = _bearer(request)
    if token is None:
        raise TokenRefused
    claims = read_token(token, deps.settings, deps.clock())
    if request.state.endpoint.access is Access.TEACHER and claims.role not in TEACHING_ROLES:
        raise RoleRefused(roles="teachers and admins")
    return claims


async def _check_cron(request: Request, deps: Deps) -> None:
    token = _bearer(request)
    if _is_trusted_locally(request, deps.settings, token):
        return
    secret = deps.settings.cron_secret
    reason = weakness(secret, MINIMUM_SECRET_LENGTH)
    if secret is None or reason is not None:
        raise NotConfigured(name="CRON_SECRET", reason=reason)
    if token is None:
        raise Unauthenticated
    if not same_secret(token, secret):
        with suppress(AppError):  # an unreachable database does not change the response
            await run_in_threadpool(_audit_refused_schedule, request, deps)
        raise Unauthenticated


def _audit_refused_schedule(request: Request, deps: Deps) -> None:
    from lib.access import store

    store.record_refused_schedule(
        deps.postgres,
        request.state.endpoint.path,
        address_digest(request, deps.settings),
        limit=GLOBAL_LIMIT,
        window=GLOBAL_WINDOW,
    )


def from_another_site(request: Request, settings: Settings) -> bool:
    """Return whether a browser says that a page of another site made the call.

    Sites of ALLOWED_ORIGINS do not count as others. Pages cannot set these headers, and other
    programs may leave them out.
    """
    site = request.headers.get("sec-fetch-site")
    if site in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return site is not None
    return (
        origin.partition("://")[2] != request.headers.get("host")
        and origin not in settings.allowed_origins
    )


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


def _spellings(credential: str) -> Iterator[str]:
    """Yield a credential as it was read, and decoded as UTF-8 if its bytes allow that.

    Headers are read as Latin-1, but clients send Latin-1 or UTF-8.
    """
    yield credential
    with suppress(UnicodeError):
        yield credential.encode("latin-1").decode()


def _digest(text: str) -> bytes:
    """Return the digest of a text, the same for every encoding of its accents."""
    normalized = unicodedata.normalize("NFC", text)
    return hashlib.sha256(normalized.encode("utf-8", "surrogatepass")).digest()
