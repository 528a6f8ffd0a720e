"""Answers, mastery, plans and marks of students."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text, true
from sqlalchemy.orm import Mapped, mapped_column

from lib.learning.tables.base import SCHEMA, Adoptable, Base
from lib.learning.tables.closed_lists import Arm, PlanType, one_of

MAX_SECONDS = 3_600
"""Longest time for an answer."""
ZERO = text("0")


class QuestionAttempt(Adoptable, Base):
    """One answer to a question; further tries are further rows."""

    __tablename__ = "question_attempts"
    __table_args__ = (
        CheckConstraint("time_taken_seconds > 0", "time_taken_seconds"),
        CheckConstraint("confidence BETWEEN 1 AND 5", "confidence"),
        # Serves the newest answers of a student, and all answers of a student in order.
        Index("idx_attempts_student_timestamp", "student_id", "timestamp"),
    )

    student_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE")
    )
    question_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.questions.id", ondelete="RESTRICT"), index=True
    )
    answer: Mapped[str]
    is_correct: Mapped[bool]
    time_taken_seconds: Mapped[float]
    confidence: Mapped[int | None]
    """1 (a guess) to 5 (certain); null if it is not known."""
    timestamp: Mapped[datetime]
    """Time of the answer, by the server's clock or, for a synchronised answer, the device's."""
    synced: Mapped[bool] = mapped_column(server_default=true())
    """Whether the server holds the row; always true on the server."""


class ConceptMastery(Adoptable, Base):
    """A student's mastery of a concept; derived from the answers."""

    __tablename__ = "concept_mastery"
    __table_args__ = (
        CheckConstraint("mastery_score BETWEEN 0 AND 100", "mastery_score"),
        CheckConstraint("correct_attempts BETWEEN 0 AND total_attempts", "correct_attempts"),
        # At most one row for each student and concept.
        Index("idx_mastery_student_concept", "student_id", "concept_id", unique=True),
    )

    student_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE")
    )
    concept_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.concepts.id", ondelete="CASCADE"), index=True
    )
    total_attempts: Mapped[int] = mapped_column(server_default=ZERO)
    correct_attempts: Mapped[int] = mapped_column(server_default=ZERO)
    avg_time_seconds: Mapped[float] = mapped_column(server_default=ZERO)
    avg_confidence: Mapped[float] = mapped_column(server_default=ZERO)
    mastery_score: Mapped[float] = mapped_column(server_default=ZERO)
    last_updated: Mapped[datetime | None]


class StudyPlan(Adoptable, Base):
    """A plan for a day, a week, or the time until the exam."""

    __tablename__ = "study_plans"
    __table_args__ = (
        CheckConstraint(one_of("plan_type", PlanType), "plan_type"),
        CheckConstraint("end_date >= start_date", "dates"),
        Index("idx_plans_student_start", "student_id", "start_date"),
    )

    student_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE")
    )
    plan_type: Mapped[str]
    start_date: Mapped[datetime]
    end_date: Mapped[datetime]
    topics: Mapped[dict[str, Any]]
    """The plan, with the masteries, hours and exam date it was made for; any JSON if adopted."""
    is_active: Mapped[bool] = mapped_column(server_default=true())


class ExamMark(Base):
    """A mark in an exam, entered by a teacher."""

    __tablename__ = "exam_marks"
    __table_args__ = (
        CheckConstraint("mark BETWEEN 0 AND 100", "mark"),
        Index("idx_marks_student_exam", "student_id", "exam", "exam_date", unique=True),
    )

    student_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE")
    )
    exam: Mapped[str]
    """Name of the exam."""
    exam_date: Mapped[datetime]
    mark: Mapped[float]
    """Marks gained in percent, 0 to 100."""
    entered_by: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.users.id", ondelete="SET NULL")
    )


class PlanArm(Base):
    """The arm of a comparison to which a student belongs; students without a row belong to none."""

    __tablename__ = "plan_arms"
    __table_args__ = (CheckConstraint(one_of("arm", Arm), "arm"),)

    student_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE"), unique=True
    )
    arm: Mapped[str]
    is_drawn: Mapped[bool]
    """Whether the arm was drawn at random; a comparison of chosen arms proves little."""
    since: Mapped[datetime]
    assigned_by: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.users.id", ondelete="SET NULL"), index=True
    )
