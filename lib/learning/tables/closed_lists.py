"""Closed lists of values that columns may hold."""

from enum import StrEnum


class Role(StrEnum):
    """Rights of a user."""

    STUDENT = "student"  # reads and changes own data
    TEACHER = "teacher"  # reads and changes data of own classes, and edits the syllabus
    ADMIN = "admin"  # everything


class QuestionType(StrEnum):
    """Form of an answer, by which it is graded."""

    MCQ = "mcq"  # one of the options, compared without case and outer blanks
    NUMERICAL = "numerical"  # a number, right within 0.01
    TRUE_FALSE = "true_false"  # true or false


class Difficulty(StrEnum):
    """Difficulty of a question as its author sees it."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class PlanType(StrEnum):
    """Period that a study plan covers."""

    DAILY = "daily"
    WEEKLY = "weekly"
    EXAM_COUNTDOWN = "exam_countdown"  # until the exam, at most 60 days


class Arm(StrEnum):
    """The side that decides what a student studies, in a comparison of results."""

    PLANNER = "planner"  # recommendations and plans
    OWN = "own"  # the student, without recommendations


class OperationType(StrEnum):
    """Change that a device reports."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


def one_of(column: str, values: type[StrEnum]) -> str:
    """Return the condition of a CHECK that a column holds one of the values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
