"""Issue of tickets, for many students at once."""

from datetime import timedelta
from uuid import uuid4

from lib.access.encryption_keys import signing_keys
from lib.assessment.errors import CriterionRefused, ExpiryRefused, PoolNotFound
from lib.assessment.ticket import PURPOSE, Ticket, write_ticket
from lib.assessment.tickets import store
from lib.assessment.tickets.wire import MAX_HOURS, TicketOut, TicketsIn, TicketsOut
from lib.deps import Deps

PAGE = "/test"
"""Path of the page that takes a ticket."""


def issue(body: TicketsIn, deps: Deps) -> TicketsOut:
    """Sign a ticket for each student.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing or weak.
        PoolNotFound: If the pool does not exist.
        CriterionRefused: If the pool does not allow the end criteria.
        ExpiryRefused: If the tickets would expire at once, or after more than a year.
    """
    key, *_ = signing_keys(deps.settings, PURPOSE)
    now = deps.clock()
    expires_at = (body.expires_at or now + timedelta(hours=body.valid_hours)).replace(microsecond=0)
    if not now < expires_at <= now + timedelta(hours=MAX_HOURS):
        raise ExpiryRefused
    criteria = None
    if body.end_criteria is not None:
        criteria = body.end_criteria.model_dump(exclude_unset=True)
    check = store.fit_criteria(deps.postgres, body.question_pool_id, criteria or {})
    if check is None:
        raise PoolNotFound
    if check.refused is not None:
        raise CriterionRefused(field=f"end_criteria.{check.refused}", expected=check.expected)
    tickets = [
        Ticket(
            id=uuid4(),
            student_id=student_id,
            pool_id=body.question_pool_id,
            expires_at=expires_at,
            uses=body.uses,
            end_criteria=criteria,
            extra_time=body.extra_time,
        )
        for student_id in body.student_ids
    ]
    return TicketsOut(tickets=[_out(ticket, write_ticket(ticket, key)) for ticket in tickets])


def _out(ticket: Ticket, text: str) -> TicketOut:
    return TicketOut(
        student_id=ticket.student_id,
        ticket=text,
        link=f"{PAGE}#ticket={text}",
        expires_at=ticket.expires_at,
    )
