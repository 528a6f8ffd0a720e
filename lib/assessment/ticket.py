"""Tickets: signed permissions for one student to take tests on one pool.

A ticket is a JSON Web Token, signed with HMAC-SHA-256 and a key derived from ENCRYPTION_KEY.
Nothing is stored when it is issued; the sessions started with it are counted by its id.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from lib.access.encryption_keys import signing_keys
from lib.assessment.errors import TicketExpired, TicketInvalid
from lib.deps import Deps
from lib.web.wire import utc_text

PURPOSE = "test ticket"
ALGORITHM = "HS256"


@dataclass(frozen=True)
class Ticket:
    """The content of a ticket."""

    id: UUID
    student_id: str
    pool_id: UUID
    expires_at: datetime
    uses: int
    """Number of sessions that may be started with it."""
    end_criteria: dict[str, Any] | None
    """Criteria that the operator gave; None if those of the start request or of the pool apply."""
    extra_time: float
    """Share by which time limits are extended: 0.25 for a quarter more."""


def write_ticket(ticket: Ticket, key: bytes) -> str:
    """Return the signed text of a ticket."""
    import jwt

    claims = {
        "jti": str(ticket.id),
        "sub": ticket.student_id,
        "pool": str(ticket.pool_id),
        "exp": int(ticket.expires_at.timestamp()),
        "uses": ticket.uses,
        "criteria": ticket.end_criteria,
        "extra": ticket.extra_time,
    }
    return jwt.encode(claims, key, ALGORITHM)


def read_ticket(text: str, deps: Deps) -> Ticket:
    """Return the content of a ticket that this deployment signed and that is still valid.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing or weak.
        TicketInvalid: If no key of this deployment signed it, or its claims are malformed.
        TicketExpired: If it has expired.
    """
    claims = _verified_claims(text, signing_keys(deps.settings, PURPOSE))
    try:
        ticket = Ticket(
            id=UUID(claims["jti"]),
            student_id=claims["sub"],
            pool_id=UUID(claims["pool"]),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            uses=claims["uses"],
            end_criteria=claims["criteria"],
            extra_time=claims["extra"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TicketInvalid from error
    if ticket.expires_at <= deps.clock():
        raise TicketExpired(expires_at=utc_text(ticket.expires_at))
    return ticket


def _verified_claims(text: str, keys: tuple[bytes, ...]) -> dict[str, Any]:
    import jwt

    for key in keys:
        try:  # read_ticket compares the expiry with deps.clock()
            claims = jwt.decode(text, key, [ALGORITHM], options={"verify_exp": False})
        except jwt.InvalidTokenError:
            continue
        return claims
    raise TicketInvalid
