"""Topics, their prerequisites, concepts and questions."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lib.learning.tables.base import SCHEMA, Adoptable, Base
from lib.learning.tables.closed_lists import Difficulty, QuestionType, one_of

DEFAULT_MINIMUM_MASTERY = 60.0
DEFAULT_EXPECTED_SECONDS = 120


class Topic(Adoptable, Base):
    """A part of the syllabus; its own parts refer to it as their parent."""

    __tablename__ = "topics"
    __table_args__ = (
        CheckConstraint("exam_weightage BETWEEN 0 AND 100", "exam_weightage"),
        CheckConstraint("estimated_hours > 0", "estimated_hours"),
        CheckConstraint("parent_id <> id", "parent"),
    )

    name: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.topics.id", ondelete="RESTRICT"), index=True
    )
    exam_weightage: Mapped[float]
    """Share of the exam's marks in percent, 0 to 100; those of all topics add up to 100."""
    stated_weightage: Mapped[float | None]
    """Share as it was entered, before scaling; null if it was adopted and was not scaled.

    For an adopted topic, it excludes the shares of the topic's children.
    """
    estimated_hours: Mapped[float]
    description: Mapped[str | None] = mapped_column(Text)


class TopicPrerequisite(Adoptable, Base):
    """A topic that has to be known before another one."""

    __tablename__ = "topic_prerequisites"
    __table_args__ = (
        UniqueConstraint("topic_id", "prerequisite_topic_id"),
        CheckConstraint("minimum_mastery BETWEEN 0 AND 100", "minimum_mastery"),
        CheckConstraint("topic_id <> prerequisite_topic_id", "itself"),
    )

    topic_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.topics.id", ondelete="CASCADE"))
    prerequisite_topic_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.topics.id", ondelete="CASCADE"), index=True
    )
    minimum_mastery: Mapped[float] = mapped_column(
        server_default=text(str(DEFAULT_MINIMUM_MASTERY))
    )
    """Mastery, 0 to 100, that every concept of the prerequisite has to reach."""


class Concept(Adoptable, Base):
    """A unit of learning within a topic."""

    __tablename__ = "concepts"

    topic_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.topics.id", ondelete="RESTRICT"), index=True
    )
    name: Mapped[str]
    description: Mapped[str | None] = mapped_column(Text)


class Question(Adoptable, Base):
    """A practice question for a concept."""

    __tablename__ = "questions"
    __table_args__ = (
        CheckConstraint(one_of("question_type", QuestionType), "question_type"),
        CheckConstraint(one_of("difficulty", Difficulty), "difficulty"),
        CheckConstraint("expected_time_seconds > 0", "expected_time_seconds"),
    )

    concept_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.concepts.id", ondelete="RESTRICT"), index=True
    )
    question_text: Mapped[str] = mapped_column(Text)
    question_type: Mapped[str]
    options: Mapped[list[Any] | None]
    """Texts to choose from; null unless the type is mcq."""
    correct_answer: Mapped[str]
    difficulty: Mapped[str]
    expected_time_seconds: Mapped[int] = mapped_column(
        server_default=text(str(DEFAULT_EXPECTED_SECONDS))
    )
