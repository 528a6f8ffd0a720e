"""The steps, events and bug reports of a demo student's workshop session.

Times are seconds since the session began; `students.py` adds the start of the session.
"""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from lib.workshop.course import COURSE

STEP_NAMES = {step.number: step.name for step in COURSE.steps}
LAST_STEP = COURSE.last_step
TYPICAL_SECONDS = (420, 240, 540, 780, 1500, 1680, 1080, 1500, 900)
TYPICAL_ATTEMPTS = (1.4, 1.1, 1.8, 2.0, 2.8, 2.6, 1.5, 2.4, 1.7)
DEPLOYING = frozenset({4, 5, 6, 8, 9})  # steps that include a deployment


@dataclass(frozen=True)
class Step:
    """One row of `step_progress`."""

    number: int
    started: int
    seconds: int
    attempts: int
    passed: bool

    @property
    def ended(self) -> int:
        """Time of the last attempt's report."""
        return self.started + self.seconds

    @property
    def name(self) -> str:
        """Name on the pages."""
        return STEP_NAMES[self.number]


@dataclass(frozen=True)
class Event:
    """One row of `events`."""

    kind: str
    at: int
    data: dict[str, Any]


def make_steps(furthest: int, rng: Random, *, finished: bool, stuck: bool) -> list[Step]:
    """Return the steps up to the furthest one, which counts as passed only if `finished`."""
    time_factor, now, steps = rng.lognormvariate(0, 0.3), rng.randint(20, 90), []
    for number in range(1, furthest + 1):
        passed = number < furthest or finished
        step = _step(number, now, time_factor, rng, passed=passed, stuck=stuck)
        steps.append(step)
        now = step.ended + _pause(rng)
    return steps


def _step(
    number: int, started: int, time_factor: float, rng: Random, *, passed: bool, stuck: bool
) -> Step:
    seconds = TYPICAL_SECONDS[number - 1] * time_factor * rng.uniform(0.7, 1.4)
    # Rounding down and adding 1 raises the mean by about 0.6.
    attempts = 1 + min(4, int(rng.expovariate(1 / (TYPICAL_ATTEMPTS[number - 1] - 0.6))))
    if not passed:
        seconds *= rng.uniform(1.5, 2.2) if stuck else rng.uniform(0.2, 0.7)
        attempts += 2 if stuck else 0
    return Step(number, started, int(seconds), attempts, passed)


def _pause(rng: Random) -> int:
    """Return the pause after a step: a few minutes or, in one case in eight, a night."""
    return rng.randint(14, 18) * 3600 if rng.random() < 1 / 8 else rng.randint(30, 600)


def events_of(steps: list[Step], url: str) -> list[Event]:
    """Return the events of the reports on these steps, in order of time.

    Args:
        steps: Steps of one session.
        url: Address of the student's deployment.
    """
    return [event for step in steps for event in (_start_event(step), *_attempts(step, url))]


def _start_event(step: Step) -> Event:
    data = {"stepNumber": step.number, "timeSpent": 0, "attempts": 0}
    return Event("step_started", step.started, data)


def _attempts(step: Step, url: str) -> list[Event]:
    attempt_times = [
        step.started + step.seconds * n // step.attempts for n in range(step.attempts + 1)
    ]
    events = []
    for before, at in pairwise(attempt_times):
        passed = step.passed and at == step.ended
        data = {"stepNumber": step.number, "timeSpent": at - before, "attempts": 1}
        events.append(Event("step_completed" if passed else "step_progress", at, data))
        if step.number in DEPLOYING:
            kind = "deployment_success" if passed else "deployment_failure"
            events.append(Event(kind, at, {**data, "deploymentUrl": url}))
    return events


def bugs_of(steps: list[Step], rng: Random) -> list[Event]:
    """Return bug reports: likely for a step that was not passed, rare for others."""
    return [_bug(step, rng) for step in steps if rng.random() < (0.08 if step.passed else 0.4)]


def _bug(step: Step, rng: Random) -> Event:
    texts = json.loads(Path(__file__).with_name("bugs.json").read_text(encoding="utf-8"))
    page = {"pageUrl": f"/workshop#step-{step.number}"}
    at = step.started + int(step.seconds * rng.uniform(0.4, 0.9))
    return Event("bug_reported", at, {"step": step.number, **texts[step.number - 1], **page})
