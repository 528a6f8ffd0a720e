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
WAITING_TIME = timedelta(minutes=6)  # from the request for help to the last activity
LIFETIME = timedelta(days=14)  # longer than a real session, so that the demo stays usable
REAL_LIFETIME = timedelta(days=1)  # as long as a real session

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
        duration = self.steps[-1].ended if self.steps else 60
        return self.ended - timedelta(seconds=duration)

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
        sessions = _sessions(person, now)
        rows.students.append(_student(person, sessions, vault))
        for session in sessions:
            rows.sessions.append(_session(session, vault))
            rows.steps.extend(_step(session, step) for step in session.steps)
            rows.events.extend(_event(session, event) for event in _events(session))
    return rows


def session_token(person: Person) -> str:
    """Return the token of the student's newest session, the same in every database."""
    return _token(person.number, 1)


def _token(student: int, session: int) -> str:
    """Return a token in the form of a real one; it is public, like all demo data."""
    secret = hashlib.sha256(f"stepwise demo {student}.{session}".encode()).hexdigest()
    return f"ws_{FIRST_TOKEN_MILLISECONDS + 10 * student + session}_{secret}"


def _sessions(person: Person, now: datetime) -> list[DemoSession]:
    sessions = [_make_session(person, 1, person.step, person.presence, now)]
    if person.has_older_session:
        sessions.insert(0, _make_session(person, 0, min(person.step - 1, 4), Presence.LEFT, now))
    return sessions


def _make_session(
    person: Person, number: int, step: int, presence: Presence, now: datetime
) -> DemoSession:
    rng = Random(f"{person.number}.{number}")
    hours = rng.uniform(*HOURS_SINCE_ACTIVITY[presence])
    ended = (now - timedelta(hours=hours)).replace(microsecond=0)
    finished, stuck = presence is Presence.FINISHED, presence is Presence.STUCK
    steps = make_steps(step, rng, finished=finished, stuck=stuck)
    return DemoSession(person, number, step, presence, ended, steps)


def _student(person: Person, sessions: list[DemoSession], vault: Vault | None) -> Row:
    digest = hashlib.sha256(sessions[0].token.encode()).hexdigest()
    github = person.mailbox and person.mailbox.replace(".", "-")
    return {
        "student_id": student_id(person),
        "student_email": person.email or f"anonymous_{digest[:16]}",
        "student_name": person.name,
        "twilio_account_sid": vault.seal_account(f"AC{digest[-32:]}")
        if vault and person.step >= TWILIO_STEP
        else None,
        "github_username": github if person.step >= GITHUB_STEP else None,
        "created_at": sessions[0].at(0),
        "updated_at": sessions[-1].ended.isoformat(),
    }


def _session(session: DemoSession, vault: Vault | None) -> Row:
    expired = session.presence is Presence.LEFT
    passed = [step.number for step in session.steps if step.passed]
    key = f"sk-demo-{session.token[-24:]}"
    has_key = vault is not None and 1 in passed and not expired
    return {
        "session_token": session.token,
        "student_name_given": session.person.name,
        "student_id": student_id(session.person),
        "started_at": session.at(0),
        "last_activity": session.ended.isoformat(),
        "expires_at": (session.ended + (REAL_LIFETIME if expired else LIFETIME)).isoformat(),
        "is_active": not expired,
        "demo_mode": session.person.demo_mode,
        "current_step": session.step,
        "total_time_spent": sum(step.seconds for step in session.steps),
        "completion_rate": round(100 * len(passed) / LAST_STEP),
        "openai_api_key": vault.seal(key, session.token, API_KEY_FIELD)
        if vault and has_key
        else None,
        "help_asked_at": _help_asked_at(session),
        "bug_reports": [{**bug.data, "timestamp": session.at(bug.at)} for bug in _bugs(session)],
        "created_at": session.at(0),
        "updated_at": session.ended.isoformat(),
        **configuration(session.person, session.number, max(passed, default=0)),
        **flags(session.steps),
    }


def _help_asked_at(session: DemoSession) -> str | None:
    if not session.person.asks_for_help or session.presence is Presence.LEFT:
        return None
    return (session.ended - WAITING_TIME).isoformat()


def _step(session: DemoSession, step: Step) -> Row:
    return {
        "session_token": session.token,
        "student_id": student_id(session.person),
        "step_number": step.number,
        "step_name": step.name,
        "started_at": session.at(step.started),
        "completed_at": session.at(step.ended) if step.passed else None,
        "time_spent": step.seconds,
        "attempts": step.attempts,
        "validation_passed": step.passed,
        "created_at": session.at(step.started),
        "updated_at": session.at(step.ended),
        **submission(session.person, step),
    }


def _bugs(session: DemoSession) -> list[Event]:
    return bugs_of(session.steps, Random(f"bugs {session.person.number}.{session.number}"))


def _events(session: DemoSession) -> list[Event]:
    creation = Event("session_created", 0, {})
    reports = events_of(session.steps, deployment_url(session.person))
    return sorted(
        (creation, *reports, *_bugs(session), *_help_events(session), *_expiry_events(session)),
        key=lambda event: event.at,
    )


def _help_events(session: DemoSession) -> list[Event]:
    if _help_asked_at(session) is None:
        return []
    ended = session.steps[-1].ended if session.steps else 60
    return [Event("help_asked", ended - int(WAITING_TIME.total_seconds()), {"step": session.step})]


def _expiry_events(session: DemoSession) -> list[Event]:
    if session.presence is not Presence.LEFT:
        return []
    ended = session.steps[-1].ended if session.steps else 60
    return [Event("session_expired", ended + int(REAL_LIFETIME.total_seconds()), {})]


def _event(session: DemoSession, event: Event) -> Row:
    return {
        "student_id": student_id(session.person),
        "session_token": session.token,
        "event_type": event.kind,
        "event_data": event.data,
        "created_at": session.at(event.at),
    }
