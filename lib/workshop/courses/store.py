"""Statements about courses."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb
from lib.workshop.course import Course, Step

if TYPE_CHECKING:
    from lib.database.postgres import Postgres, Transaction

_queries = load_queries("workshop/courses.sql")


@dataclass(frozen=True)
class ReportedStep:
    """A step that sessions have reported, and the number of these sessions."""

    step_number: int
    sessions: int


@dataclass(frozen=True)
class _CourseRow:
    course_id: str
    name: str
    steps: list[dict[str, Any]]
    built_in: bool

    def to_course(self) -> Course:
        steps = (
            Step(
                number=step["number"],
                name=step["name"],
                flags=tuple(step["completed_by"]),  # a step's other flags are not stored
                completed_by=tuple(step["completed_by"]),
                aliases=tuple(step["aliases"]),
            )
            for step in self.steps
        )
        return Course(
            course_id=self.course_id,
            name=self.name,
            steps=tuple(steps),
            built_in=self.built_in,
        )


def load_course(postgres: "Postgres", course_id: str | None) -> Course | None:
    """Return a course, by default the built-in one; return None if it does not exist."""
    params = {"course_id": course_id}
    row = postgres.fetch_one(_queries["course"], params, _CourseRow, read=True)
    return None if row is None else row.to_course()


def lock_course(transaction: "Transaction", course_id: str) -> Course | None:
    """Lock a course until the transaction ends; return it, None if it does not exist."""
    params = {"course_id": course_id}
    transaction.execute(_queries["take_turns"], params)
    row = transaction.fetch_one(_queries["lock_course"], params, _CourseRow)
    return None if row is None else row.to_course()


def load_reported_steps(transaction: "Transaction", course_id: str) -> list[ReportedStep]:
    """Return the steps of a course that sessions have reported."""
    params = {"course_id": course_id}
    return transaction.fetch_all(_queries["reported_steps"], params, ReportedStep)


def count_sessions(transaction: "Transaction", course_id: str) -> int:
    """Return the number of sessions of a course."""
    count: int = transaction.fetch_value(_queries["count_sessions"], {"course_id": course_id})
    return count


def save_course(transaction: "Transaction", course: Course) -> None:
    """Create a course, or replace its name and steps."""
    steps = [
        {
            "number": step.number,
            "name": step.name,
            "aliases": list(step.aliases),
            "completed_by": list(step.completed_by),
        }
        for step in course.steps
    ]
    params = {"course_id": course.course_id, "name": course.name, "steps": as_jsonb(steps)}
    transaction.execute(_queries["save_course"], params)


def rename_steps(transaction: "Transaction", course_id: str) -> int:
    """Give reported steps the names that the course has now; return how many got a new one."""
    return transaction.execute(_queries["rename_steps"], {"course_id": course_id})


def recompute_sessions(transaction: "Transaction", course_id: str) -> int:
    """Recompute the progress of a course's sessions; return how many changed."""
    return transaction.execute(_queries["recompute_sessions"], {"course_id": course_id})
