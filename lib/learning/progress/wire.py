"""Bodies of progress."""

from uuid import UUID

from lib.web.wire import Body, SuccessOut


class DayOut(Body):
    """One day, UTC."""

    date: str
    """The day, UTC."""
    questions_attempted: int
    """Number of answers on that day."""
    correct: int
    """Number of right answers."""
    accuracy: float | None
    """Right answers in percent; null without answers."""
    mastery_score: float
    """Mastery at the end of the day, 0 to 100, weighted with the topics' share of the exam."""


class MovedTopicOut(Body):
    """A topic whose mastery has moved."""

    topic_id: UUID
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    before: float
    """Mastery seven days ago, 0 to 100."""
    now: float
    """Mastery now, 0 to 100."""
    change: float
    """`now` less `before`, in points; negative for a fall."""
    is_large: bool
    """Whether the difference is more than 15 points, up or down."""


class TopicTodayOut(Body):
    """A topic that was practised, as of today."""

    topic_id: UUID
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    mastery_score: float
    """Mastery as of the last answers, 0 to 100."""
    expected_accuracy: float
    """Chance in percent that the next answer about a practised concept is right today; it falls
    while a topic is not practised."""


class MistakeOut(Body):
    """A wrong answer of a student to a question, and how often it was given."""

    question_id: UUID
    """Id of the question."""
    question_text: str
    """The question."""
    answer: str
    """The wrong answer."""
    count: int
    """Number of times that it was given."""


class ConceptMistakesOut(Body):
    """The most frequent wrong answers about a concept."""

    concept_id: UUID
    """Id of the concept."""
    concept_name: str
    """Name of the concept."""
    wrong_answers: int
    """Number of wrong answers in all."""
    most_common: list[MistakeOut]
    """Up to five wrong answers, the most frequent first."""


class StudyProgressOut(SuccessOut):
    """A student's progress; days are in UTC."""

    student_id: UUID
    """Id of the student."""
    timezone: str = "UTC"
    """Time zone of the days."""
    mastery_score: float
    """Mastery now, 0 to 100, weighted with the topics' share of the exam."""
    questions_attempted: int
    """Number of answers so far."""
    accuracy: float | None
    """Right answers so far, in percent of all answers; null without answers."""
    timeline: list[DayOut]
    """The last 30 days, oldest first."""
    rose: list[MovedTopicOut]
    """Topics whose mastery rose in the last seven days, largest rise first."""
    fell: list[MovedTopicOut]
    """Topics whose mastery fell in the last seven days, largest fall first."""
    today: list[TopicTodayOut]
    """Topics that were practised, by the chance that the next answer is right, lowest first."""
    mistakes: list[ConceptMistakesOut]
    """Concepts with wrong answers, those with the most first, as many as fit into a response."""
