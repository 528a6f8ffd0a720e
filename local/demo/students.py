"""The demo's workshop: 40 students with their sessions, steps, events and bug reports.

Everything except dates depends only on a student's number, so that every load makes the same
students and tokens. Times count back from the first load, so that dashboards show a workshop in
progress.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

from lib.vault import API_KEY_FIELD, Vault
from local.demo.configuration import configuration, deployment_url, flags, submission
from local.demo.journey import LAST_STEP, Event, Step, bugs_of, events_of, make_steps
from local.demo.people import Person, Presence, people

Row = dict[str, Any]
"""Row of a table: values by column name."""

STUDENTS = UUID("5e9d0000-0000-4000-8000-000000000002")
TWILIO_STEP, GITHUB_STEP = 2, 4  # first steps at which a student has such an account
FIRST_TOKEN_MILLISECONDS = 1_760_000_000_000
WAITS = timedelta(minutes=6)  # since a student asked for help
LIFETIME = timedelta(days=14)  # longer than a real session, so that the demo stays usable
LIFETIME_IF_LEFT = timedelta(days=1)  # as long as a real session

HOURS_SINCE_ACTIVITY = {
    Presence.ACTIVE: (0.02, 0.25),
    Presence.PAUSED: (4, 20),
    Presence.STUCK: (26, 96),
    Presence.FINISHED: (6, 300),
    Presence.LEFT: (24 * 16, 24 * 30),
}


@dataclass(frozen=True)
class Workshop:
    """Rows of the four tables of the workshop."""

    students: list[Row]
    sessions: list[Row]
    steps: list[Row]
    events: list[Row]


@dataclass(frozen=True)
class DemoSession:
    """A session of a student."""

    person: Person
    number: int
    step: int
    presence: Presence
    ended: datetime
    steps: list[Step]

    @property
    def token(self) -> str:
        """Session token."""
        return _token(self.person.number, self.number)

    @property
    def started(self) -> datetime:
        """Time of the session's creation."""
        last = self.steps[-1].ended if self.steps else 60
        return self.ended - timedelta(seconds=last)

    def at(self, seconds: int) -> str:
        """Return a time of the session in ISO format."""
        return (self.started + timedelta(seconds=seconds)).isoformat()


def student_id(person: Person) -> str:
    """Return the student's id, the same in every database."""
    return str(uuid5(STUDENTS, str(person.number)))


def workshop(now: datetime, vault: Vault | None) -> Workshop:
    """Return all rows as of `now`.

    Args:
        now: Time of the load, with time zone.
        vault: Seals API keys and accounts; None leaves them out.
    """
    rows = Workshop([], [], [], [])
    for person in people():
        visits = _visits(person, now)
        rows.students.append(_student(person, visits, vault))
        for visit in visits:
            rows.sessions.append(_session(visit, vault))
            rows.steps.extend(_step(visit, step) for step in visit.steps)
            rows.events.extend(_event(visit, event) for event in _events(visit))
    return rows


def session_token(person: Person) -> str:
    """Return the token of the student's newest session, the same in every database."""
    return _token(person.number, 1)


def _token(student: int, visit: int) -> str:
    """Return a token in the form of a real one; it is public, like all demo data."""
    secret = hashlib.sha256(f"stepwise demo {student}.{visit}".encode()).hexdigest()
    return f"ws_{FIRST_TOKEN_MILLISECONDS + 10 * student + visit}_{secret}"


def _visits(person: Person, now: datetime) -> list[DemoSession]:
    visits = [_visit(person, 1, person.step, person.presence, now)]
    if person.has_older_session:
        visits.insert(0, _visit(person, 0, min(person.step - 1, 4), Presence.LEFT, now))
    return visits


def _visit(
    person: Person, number: int, step: int, presence: Presence, now: datetime
) -> DemoSession:
    rng = Random(f"{person.number}.{number}")
    hours = rng.uniform(*HOURS_SINCE_ACTIVITY[presence])
    ended = (now - timedelta(hours=hours)).replace(microsecond=0)
    finished, stuck = presence is Presence.FINISHED, presence is Presence.STUCK
    steps = make_steps(step, rng, finished=finished, stuck=stuck)
    return DemoSession(person, number, step, presence, ended, steps)


def _student(person: Person, visits: list[DemoSession], vault: Vault | None) -> Row:
    digest = hashlib.sha256(visits[0].token.encode()).hexdigest()
    github = person.mailbox and person.mailbox.replace(".", "-")
    return {
        "student_id": student_id(person),
        "student_email": person.email or f"anonymous_{digest[:16]}",
        "student_name": person.name,
        "twilio_account_sid": vault.seal_account(f"AC{digest[-32:]}")
        if vault and person.step >= TWILIO_STEP
        else None,
        "github_username": github if person.step >= GITHUB_STEP else None,
        "created_at": visits[0].at(0),
        "updated_at": visits[-1].ended.isoformat(),
    }


def _session(visit: DemoSession, vault: Vault | None) -> Row:
    expired = visit.presence is Presence.LEFT
    passed = [step.number for step in visit.steps if step.passed]
    key = f"sk-demo-{visit.token[-24:]}"
    has_key = vault is not None and 1 in passed and not expired
    return {
        "session_token": visit.token,
        "student_name_given": visit.person.name,
        "student_id": student_id(visit.person),
        "started_at": visit.at(0),
        "last_activity": visit.ended.isoformat(),
        "expires_at": (visit.ended + (LIFETIME_IF_LEFT if expired else LIFETIME)).isoformat(),
        "is_active": not expired,
        "demo_mode": visit.person.demo_mode,
        "current_step": visit.step,
        "total_time_spent": sum(step.seconds for step in visit.steps),
        "completion_rate": round(100 * len(passed) / LAST_STEP),
        "openai_api_key": vault.seal(key, visit.token, API_KEY_FIELD)
        if vault and has_key
        else None,
        "help_asked_at": _help_asked_at(visit),
        "bug_reports": [{**bug.data, "timestamp": visit.at(bug.at)} for bug in _bugs(visit)],
        "created_at": visit.at(0),
        "updated_at": visit.ended.isoformat(),
        **configuration(visit.person, visit.number, max(passed, default=0)),
        **flags(visit.steps),
    }


def _help_asked_at(visit: DemoSession) -> str | None:
    if not visit.person.asks_for_help or visit.presence is Presence.LEFT:
        return None
    return (visit.ended - WAITS).isoformat()


def _step(visit: DemoSession, step: Step) -> Row:
    return {
        "session_token": visit.token,
        "student_id": student_id(visit.person),
        "step_number": step.number,
        "step_name": step.name,
        "started_at": visit.at(step.started),
        "completed_at": visit.at(step.ended) if step.passed else None,
        "time_spent": step.seconds,
        "attempts": step.attempts,
        "validation_passed": step.passed,
        "created_at": visit.at(step.started),
        "updated_at": visit.at(step.ended),
        **submission(visit.person, step),
    }


def _bugs(visit: DemoSession) -> list[Event]:
    return bugs_of(visit.steps, Random(f"bugs {visit.person.number}.{visit.number}"))


def _events(visit: DemoSession) -> list[Event]:
    created = Event("session_created", 0, {})
    reports = events_of(visit.steps, deployment_url(visit.person))
    return sorted(
        (created, *reports, *_bugs(visit), *_help(visit), *_expired(visit)),
        key=lambda event: event.at,
    )


def _help(visit: DemoSession) -> list[Event]:
    if _help_asked_at(visit) is None:
        return []
    ended = visit.steps[-1].ended if visit.steps else 60
    return [Event("help_asked", ended - int(WAITS.total_seconds()), {"step": visit.step})]


def _expired(visit: DemoSession) -> list[Event]:
    if visit.presence is not Presence.LEFT:
        return []
    ended = visit.steps[-1].ended if visit.steps else 60
    return [Event("session_expired", ended + int(LIFETIME_IF_LEFT.total_seconds()), {})]


def _event(visit: DemoSession, event: Event) -> Row:
    return {
        "student_id": student_id(visit.person),
        "session_token": visit.token,
        "event_type": event.kind,
        "event_data": event.data,
        "created_at": visit.at(event.at),
    }
