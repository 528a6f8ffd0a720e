"""Bodies of mastery."""

from uuid import UUID

from pydantic import RootModel

from lib.learning.ids import LiveId
from lib.web.wire import Body, SuccessOut, UtcTime


class LiveMasteryOut(Body):
    """Mastery of a concept in the live system's shape."""

    concept_id: LiveId
    """Id of the concept."""
    mastery_score: float
    """Mastery, 0 to 100."""
    total_attempts: int
    """Number of answers."""
    accuracy: float
    """Right answers in percent, 0 to 100."""


class LiveMasteriesOut(RootModel[list[LiveMasteryOut]]):
    """Mastery of every concept that was practised, as a bare list."""


class LiveMasteryDetailOut(LiveMasteryOut):
    """Mastery of one concept with its counts and means."""

    correct_attempts: int
    """Number of right answers."""
    avg_time_seconds: float
    """Mean time of an answer, seconds."""
    avg_confidence: float
    """Mean confidence, 1 to 5; 0 if none is known."""
    last_updated: UtcTime | None
    """Time of the newest answer that counts; null without one."""


class ConceptMasteryOut(Body):
    """Mastery of a concept."""

    concept_id: UUID
    """Id of the concept."""
    concept_name: str
    """Name of the concept."""
    mastery_score: float
    """Mastery, 0 to 100; 0 if the concept was never practised."""
    total_attempts: int
    """Number of answers."""
    accuracy: float
    """Right answers in percent, 0 to 100."""
    last_updated: UtcTime | None
    """Time of the newest answer that counts; null without one."""
    band: str
    """`excellent` from 80, `good` from 60, `fair` from 40, otherwise `needs work`."""


class TopicMasteryOut(Body):
    """Mastery of a topic and its concepts."""

    topic_id: UUID
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    mastery_score: float
    """Mean mastery of its concepts, 0 to 100."""
    band: str
    """`excellent`, `good`, `fair` or `needs work`, as for concepts."""
    concepts: list[ConceptMasteryOut]
    """All concepts of the topic."""


class StudentMasteryOut(SuccessOut):
    """A student's mastery of every topic with concepts."""

    student_id: UUID
    """Id of the student."""
    mastery_score: float
    """Mean over the topics, weighted with their share of the exam, 0 to 100."""
    topics: list[TopicMasteryOut]
    """The topics."""
