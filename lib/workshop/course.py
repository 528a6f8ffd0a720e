"""Courses: the steps of a workshop, their names, and the flags that record progress in them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step of a course."""

    number: int
    name: str
    flags: tuple[str, ...]
    """Boolean columns of a session, in the order in which they become true."""
    completed_by: tuple[str, ...]
    """The flags that complete the step once all of them are true."""
    other_names: tuple[str, ...] = ()
    """Name of the step on the live pages, where that differs."""


@dataclass(frozen=True)
class Course:
    """A sequence of steps, numbered from 1."""

    steps: tuple[Step, ...]

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of all steps, in order."""
        return tuple(flag for step in self.steps for flag in step.flags)

    @property
    def flag_meanings(self) -> tuple[tuple[str, str], ...]:
        """Each flag with a sentence about it, for the API's description."""
        return tuple(
            (flag, f"Flag of step {step.number}, {step.name}{_completes(step, flag)}.")
            for step in self.steps
            for flag in step.flags
        )

    @property
    def last_step(self) -> int:
        """The number of the last step."""
        return self.steps[-1].number

    def step_of_name(self, name: str) -> int | None:
        """Return the number of the step with this name; case and blanks make no difference."""
        numbers = {
            _name_key(known): step.number
            for step in self.steps
            for known in (step.name, *step.other_names)
        }
        return numbers.get(_name_key(name))


def _name_key(name: str) -> str:
    return "".join(name.split()).lower()


def _completes(step: Step, flag: str) -> str:
    if flag not in step.completed_by:
        return ""
    others = " and ".join(other for other in step.completed_by if other != flag)
    return f"; completes it, together with {others}" if others else "; completes it"


COURSE = Course(
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
            other_names=("Custom AI Prompt",),
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
            other_names=("Final Deployment",),
        ),
    )
)
"""The built-in course. Its names and flags are repeated in `sql/workshop/schema/`;
tests/workshop/test_course.py compares them with these."""

COURSE_LISTS: Mapping[str, tuple[str, ...]] = {"flags": COURSE.flags}
"""Columns of a session by the name of their list in queries."""
