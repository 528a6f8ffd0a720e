"""Courses: the steps of a workshop, their names, and the flags that record progress in them.

The package `courses` reads and stores the courses of the database.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME_OF_A_FLAG = re.compile(r"[a-z][A-Za-z0-9]{0,63}")
"""Name of a flag that is not a column of a session, as pages send it."""


@dataclass(frozen=True)
class Step:
    """One step of a course."""

    number: int
    name: str
    flags: tuple[str, ...]
    """Columns or members of `extra` of a session, in the order in which they become true."""
    completed_by: tuple[str, ...]
    """The flags that complete the step once all of them are true; empty if only a report does."""
    aliases: tuple[str, ...] = ()
    """Other names under which pages report the step."""

    @property
    def names(self) -> tuple[str, ...]:
        """The name of the step, and its aliases."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Course:
    """A sequence of steps, numbered from 1."""

    course_id: str
    name: str
    steps: tuple[Step, ...]
    built_in: bool = False
    """Whether the course is part of the product; operators cannot change it."""

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of all steps, in order."""
        return tuple(flag for step in self.steps for flag in step.flags)

    @property
    def flag_meanings(self) -> tuple[tuple[str, str], ...]:
        """Each flag with a sentence about it, for the API's description."""
        return tuple(
            (flag, f"Flag of step {step.number}, {step.name}{_completion_clause(step, flag)}.")
            for step in self.steps
            for flag in step.flags
        )

    @property
    def last_step(self) -> int:
        """The number of the last step."""
        return self.steps[-1].number

    def step_of_name(self, name: str) -> int | None:
        """Return the number of the step with this name; case and blanks make no difference."""
        return self.numbers_by_name_key.get(name_key(name))

    @property
    def numbers_by_name_key(self) -> dict[str, int]:
        """The number of each step by the keys of its names."""
        return {name_key(name): step.number for step in self.steps for name in step.names}


def name_key(name: str) -> str:
    """Return a key that all spellings of one name share."""
    return "".join(name.split()).lower()


def _completion_clause(step: Step, flag: str) -> str:
    if flag not in step.completed_by:
        return ""
    if len(step.completed_by) > 1:
        return "; completes it, together with the step's other flag"
    return "; completes it"


COURSE = Course(
    course_id="voice-assistant",
    name="Build a voice assistant",
    built_in=True,
    steps=(
        Step(
            number=1,
            name="Connect Accounts",
            flags=("twilio_connected", "openai_connected"),
            completed_by=("twilio_connected", "openai_connected"),
        ),
        Step(
            number=2,
            name="Choose Use Case",
            flags=("call_direction_chosen",),
            completed_by=("call_direction_chosen",),
        ),
        Step(
            number=3,
            name="Provision Services",
            flags=("services_ready",),
            completed_by=("services_ready",),
        ),
        Step(
            number=4,
            name="Basic TwiML",
            flags=("step4_code_validated", "step4_committed", "step4_deployed"),
            completed_by=("step4_deployed",),
        ),
        Step(
            number=5,
            name="WebSocket Handler",
            flags=("step5_code_validated", "step5_committed", "step5_deployed"),
            completed_by=("step5_deployed",),
        ),
        Step(
            number=6,
            name="ConversationRelay",
            flags=("step6_code_validated", "step6_committed", "step6_deployed"),
            completed_by=("step6_deployed",),
        ),
        Step(
            number=7,
            name="Prompt Engineering",
            flags=("system_prompt_saved", "step7_committed", "step7_deployed"),
            completed_by=("system_prompt_saved",),
            aliases=("Custom AI Prompt",),
        ),
        Step(
            number=8,
            name="Tools & Functions",
            flags=(
                "tools_configured",
                "step8_code_validated",
                "step8_committed",
                "step8_deployed",
            ),
            completed_by=("step8_deployed",),
        ),
        Step(
            number=9,
            name="Deploy System",
            flags=("project_deployed",),
            completed_by=("project_deployed",),
            aliases=("Final Deployment",),
        ),
    ),
)
"""The built-in course. `sql/workshop/schema/courses.sql` stores it, and
tests/workshop/test_course.py compares the two. All other courses are only in the database."""

COURSE_LISTS: Mapping[str, tuple[str, ...]] = {"flags": COURSE.flags}
"""Columns of a session, by the name under which a query inserts their list."""
