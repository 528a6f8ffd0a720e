"""Bodies of a student's results."""

from datetime import datetime
from typing import Any
from uuid import UUID

from lib.web.wire import Body


class ProficiencyOut(Body):
    """Proficiency and confidence, one number for each concept."""

    student_id: str
    concept_names: list[str]
    proficiency: list[float]
    confidence: list[float]
    last_updated: datetime | None


class SessionOut(Body):
    """One test of a student as recorded; null where nothing was recorded."""

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
    """Proficiency in one concept over the closed tests."""

    first: float
    latest: float
    change: float
    history: list[float]


class ProgressData(Body):
    """Results of a student's tests, oldest first."""

    progress_timeline: list[TimelinePoint]
    concept_progress: dict[str, ConceptProgress]
    total_sessions: int
    avg_accuracy: float


class ProgressOut(Body):
    """A student's progress from test to test."""

    student_id: str
    progress_data: ProgressData
