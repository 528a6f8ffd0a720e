"""Abilities by the model of mastery, and the calibrations that it uses."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from lib.learning.tables.base import SCHEMA, Base

ZERO = text("0")


class StudentSkill(Base):
    """A student's overall ability, and the last answer counted in it; derived from the answers."""

    __tablename__ = "student_skills"

    student_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE"), unique=True
    )
    ability: Mapped[float] = mapped_column(server_default=ZERO)
    """Logits."""
    attempts: Mapped[int] = mapped_column(server_default=ZERO)
    """Number of answers that are counted."""
    calibration: Mapped[str | None]
    """Version of the calibration used to count the answers; null if all must be counted again."""
    last_clock: Mapped[str | None]
    """Time of the last answer that is counted, as text that sorts in the order of the answers."""
    last_attempt_id: Mapped[UUID | None]


class ConceptSkill(Base):
    """A student's ability in a concept; derived from the answers."""

    __tablename__ = "concept_skills"
    __table_args__ = (Index("idx_skills_student_concept", "student_id", "concept_id", unique=True),)

    student_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE")
    )
    concept_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.concepts.id", ondelete="CASCADE"), index=True
    )
    skill: Mapped[float]
    """Logits."""
    streak: Mapped[int]
    """Length of the last run of equal outcomes: positive if right, negative if wrong."""
    known_confidences: Mapped[int]
    """Number of answers with a confidence."""


class MasteryCalibration(Base):
    """Coefficients of the model of mastery; the newest ones are in use."""

    __tablename__ = "mastery_calibrations"
    __table_args__ = (CheckConstraint("attempts >= 0", "attempts"),)

    version: Mapped[str] = mapped_column(unique=True)
    attempts: Mapped[int]
    """Number of answers that existed at the calibration."""
    coefficients: Mapped[dict[str, Any]]
    """JSON of `lib.learning.mastery_model.calibration.Calibration`."""
