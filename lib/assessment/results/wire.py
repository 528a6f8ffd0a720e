"""Answers about a student's results."""

from datetime import datetime
from typing import Any
from uuid import UUID

from lib.web.wire import Body


class ProficiencyOut(Body):
    """Long-term proficiency, a number per concept."""

    student_id: str
    concept_names: list[str]
    proficiency: list[float]
    confidence: list[float]
    last_updated: datetime | None


class SessionOut(Body):
    """One test of a student; as the record has it, null where it has nothing."""

    session_id: UUID
    question_pool_id: UUID | None
    status: str
    end_reason: str | None
    concept_names: list[str] | None
    initial_proficiency: Any
    final_proficiency: Any
    total_questions: int
    correct_responses: int
    accuracy: float | None
    learning_gain: float | None
    test_efficiency: float | None
    started_at: datetime | None
    completed_at: datetime | None
    last_activity: datetime | None


class HistoryOut(Body):
    """A page of a student's tests, newest first."""

    student_id: str
    test_sessions: list[SessionOut]


class TimelinePoint(Body):
    """One closed test."""

    session_id: UUID
    date: datetime | None
    accuracy: float | None
    learning_gain: float | None
    total_questions: int
    proficiency: dict[str, float]


class ConceptProgress(Body):
    """One concept over the closed tests."""

    first: float
    latest: float
    change: float
    history: list[float]


class ProgressData(Body):
    """A student's way through the tests, oldest first."""

    progress_timeline: list[TimelinePoint]
    concept_progress: dict[str, ConceptProgress]
    total_sessions: int
    avg_accuracy: float


class ProgressOut(Body):
    """Progress of a student."""

    student_id: str
    progress_data: ProgressData
