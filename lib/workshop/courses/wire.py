"""Bodies of course and admin-save-course."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel, to_snake
from pydantic_core import PydanticCustomError

from lib.web.wire import CamelBody, CamelRequest, CamelSuccessOut
from lib.workshop.config.wire import ConfigIn
from lib.workshop.course import COURSE, NAME_OF_A_FLAG, Course, Step, name_key
from lib.workshop.fields import MAX_STEPS, CourseId

MAX_NAMES = 20
"""Maximum number of aliases or of flags that a request gives one step."""
_OTHER_FIELDS = {
    spelling
    for name in ConfigIn.model_fields.keys() - set(COURSE.flags)
    for spelling in (name, to_camel(name))
}
"""Fields of a saved configuration that are not flags."""


def _column_or_member(flag: str) -> str:
    """Return the column of a built-in flag; a flag of a page keeps its name.

    Raises:
        PydanticCustomError: If it is neither.
    """
    if to_snake(flag) in COURSE.flags:
        return to_snake(flag)
    if NAME_OF_A_FLAG.fullmatch(flag) is None or flag in _OTHER_FIELDS:
        raise PydanticCustomError(
            "flag",
            "Flags are built-in ones, such as `servicesReady`, or names of your own in camelCase "
            "that are not other fields of student-config-save",
        )
    return flag


def _as_sent(flag: str) -> str:
    """Return a flag as student-config-save spells it."""
    return to_camel(flag) if flag in COURSE.flags else flag


StepName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$"
    ),
]
Flag = Annotated[str, AfterValidator(_column_or_member)]


class StepIn(CamelRequest):
    """A step of a course to save."""

    number: Annotated[int | None, Field(ge=1, le=MAX_STEPS)] = None
    """Place of the step in the list, from 1; may be left out."""
    name: StepName
    """Name of the step."""
    aliases: Annotated[tuple[StepName, ...], Field(max_length=MAX_NAMES)] = ()
    """Other names under which pages report the step."""
    completed_by: Annotated[tuple[Flag, ...], Field(max_length=MAX_NAMES)] = ()
    """Flags that complete the step once all of them are true; without any, only a report does."""


class CourseIn(CamelRequest):
    """A course to create or to replace."""

    course_id: CourseId
    """Id of the course: lower-case letters, digits and hyphens."""
    name: StepName
    """Name of the course."""
    steps: Annotated[list[StepIn], Field(min_length=1, max_length=MAX_STEPS)]
    """The steps, in their order."""
    dry_run: bool = False
    """Whether to check everything and change nothing."""

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        """Refuse wrong step numbers and names that occur twice; the error names the field."""
        places: dict[str, str] = {}
        for index, step in enumerate(self.steps):
            path = f"steps[{index}]"
            if step.number not in {None, index + 1}:
                raise PydanticCustomError(
                    "step_number",
                    "Steps are numbered from 1 without gaps, in their order",
                    {"field": f"{path}.number"},
                )
            aliases = ((f"{path}.aliases[{n}]", alias) for n, alias in enumerate(step.aliases))
            for place, name in ((f"{path}.name", step.name), *aliases):
                first_place = places.setdefault(name_key(name), place)
                if first_place != place:
                    raise PydanticCustomError(
                        "step_name",
                        "Each name and alias may occur only once in a course; {first} is the same",
                        {"field": place, "first": first_place},
                    )
        return self

    def to_course(self) -> Course:
        """Return the course."""
        steps = (
            Step(
                number=number,
                name=step.name,
                flags=step.completed_by,
                completed_by=step.completed_by,
                aliases=step.aliases,
            )
            for number, step in enumerate(self.steps, 1)
        )
        return Course(course_id=self.course_id, name=self.name, steps=tuple(steps))


class StepBody(CamelBody):
    """A step of a course."""

    number: int
    """Number of the step, from 1."""
    name: str
    """Name of the step."""
    aliases: list[str]
    """Other names under which pages may report the step."""
    completed_by: list[str]
    """Flags that complete the step once all of them are true."""


class CourseBody(CamelBody):
    """A course."""

    course_id: str
    """Id of the course."""
    name: str
    """Name of the course."""
    built_in: bool
    """Whether the course is part of the product and cannot be changed."""
    steps: list[StepBody]
    """The steps, in their order."""

    @classmethod
    def from_course(cls, course: Course) -> "CourseBody":
        """Return the body of a course, with its flags as student-config-save spells them."""
        steps = [
            StepBody(
                number=step.number,
                name=step.name,
                aliases=list(step.aliases),
                completed_by=[_as_sent(flag) for flag in step.completed_by],
            )
            for step in course.steps
        ]
        return cls(
            course_id=course.course_id, name=course.name, built_in=course.built_in, steps=steps
        )


class CourseOut(CamelSuccessOut):
    """One course."""

    course: CourseBody
    """The course."""


class CourseSavedOut(CourseOut):
    """The course as it was saved, and what changed with it."""

    message: str
    """Description of the result."""
    created: bool
    """Whether the course is new."""
    dry_run: bool
    """Whether nothing was changed."""
    sessions: int
    """Number of sessions of the course."""
    sessions_recomputed: int
    """Number of sessions whose completion or furthest step changed."""
    steps_renamed: int
    """Number of reported steps that got a new name."""
