"""Bodies of the syllabus."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, RootModel

from lib.learning.ids import LiveId, SentId
from lib.learning.names import name_of
from lib.learning.tables.closed_lists import Difficulty, QuestionType
from lib.learning.tables.syllabus import DEFAULT_EXPECTED_SECONDS, DEFAULT_MINIMUM_MASTERY
from lib.web.wire import Body, StrictBody, SuccessOut

Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
MAX_HOURS = 10_000
"""Maximum hours of a topic; more count as a mistake."""
Hours = Annotated[float, Field(gt=0, le=MAX_HOURS, allow_inf_nan=False)]
Name = Annotated[str, name_of(200)]
Description = Annotated[str, Field(max_length=5_000)]


class LiveTopicIn(Body):
    """A new topic, as the live system takes it; its limits are checked by the service."""

    name: Name
    """Name of the topic."""
    exam_weightage: float
    """Share of the exam's marks in percent, 0 to 100."""
    estimated_hours: float
    """Hours to study it, above 0, at most 10,000."""
    prerequisite_ids: list[SentId] = Field(default_factory=list, max_length=100)
    """Topics that have to be known first."""
    parent_id: SentId | None = None
    """Topic of which it is a part."""
    description: Description | None = None
    """Description for students."""


class PrerequisiteIn(StrictBody):
    """A topic that has to be known first."""

    topic_id: SentId
    """The topic."""
    minimum_mastery: Percent = DEFAULT_MINIMUM_MASTERY
    """Mastery that each of its concepts has to reach."""


class TopicIn(StrictBody):
    """A new topic."""

    name: Name
    """Name of the topic."""
    exam_weightage: float
    """Share of the exam's marks in percent, 0 to 100; all shares are scaled to add up to 100."""
    estimated_hours: float
    """Hours to study it, above 0, at most 10,000."""
    parent_id: SentId | None = None
    """Topic of which it is a part."""
    description: Description | None = None
    """Description for students."""
    prerequisites: list[PrerequisiteIn] = Field(default_factory=list, max_length=100)
    """Topics that have to be known first."""


class TopicChangeIn(StrictBody):
    """Changes of a topic; a field that is left out keeps its value."""

    name: Name | None = None
    """Name of the topic."""
    exam_weightage: float | None = None
    """Share of the exam's marks in percent, 0 to 100; all shares are scaled to add up to 100."""
    estimated_hours: float | None = None
    """Hours to study it, above 0, at most 10,000."""
    parent_id: SentId | None = None
    """Topic of which it is a part; null for none."""
    description: Description | None = None
    """Description for students; null for none."""
    prerequisites: Annotated[list[PrerequisiteIn], Field(max_length=100)] | None = None
    """Topics that have to be known first, in place of the present ones."""


class LiveTopicOut(Body):
    """A topic in the live system's shape."""

    id: LiveId
    """Id of the topic."""
    name: str
    """Name of the topic."""
    exam_weightage: float
    """Share of the exam's marks in percent."""
    estimated_hours: float
    """Hours to study it."""
    prerequisites: list[LiveId]
    """Topics that have to be known first."""


class LiveTopicsOut(RootModel[list[LiveTopicOut]]):
    """All topics, as a bare list."""


class LiveTopicDetailOut(LiveTopicOut):
    """A topic with the topics that build on it."""

    description: str | None
    """Description for students."""
    parent_id: LiveId | None
    """Topic of which it is a part."""
    dependents: list[LiveId]
    """Topics that build on it."""


class LivePrerequisiteOut(Body):
    """A prerequisite in the live system's shape."""

    id: LiveId
    """Id of the topic that has to be known first."""
    name: str
    """Name of that topic."""
    exam_weightage: float
    """Share of the exam's marks in percent."""
    estimated_hours: float
    """Hours to study it."""
    minimum_mastery: float
    """Mastery that each of its concepts has to reach."""


class LivePrerequisitesOut(RootModel[list[LivePrerequisiteOut]]):
    """The prerequisites of a topic, as a bare list."""


class LiveUnlockableOut(LiveTopicOut):
    """A topic that a student can study now."""

    current_mastery: float
    """Mean mastery of its concepts, 0 to 100."""


class LiveUnlockablesOut(RootModel[list[LiveUnlockableOut]]):
    """The topics that a student can study now, as a bare list."""


class PrerequisiteOut(Body):
    """A topic that has to be known first."""

    topic_id: UUID
    """The topic."""
    minimum_mastery: float
    """Mastery that each of its concepts has to reach."""


class ConceptOut(Body):
    """A concept of a topic."""

    id: UUID
    """Id of the concept."""
    name: str
    """Name of the concept."""
    description: str | None
    """Description for students."""


class TopicOut(Body):
    """A topic of the graph."""

    id: UUID
    """Id of the topic."""
    name: str
    """Name of the topic."""
    parent_id: UUID | None
    """Topic of which it is a part."""
    depth: int
    """Number of topics above it."""
    exam_weightage: float
    """Share of the exam's marks in percent; those of all topics add up to 100."""
    estimated_hours: float
    """Hours to study it."""
    description: str | None
    """Description for students."""
    prerequisites: list[PrerequisiteOut]
    """Topics that have to be known first."""
    dependents: list[UUID]
    """Topics that build on it."""
    concepts: list[ConceptOut]
    """Concepts of the topic."""


class TopicsOut(SuccessOut):
    """The graph of topics."""

    topics: list[TopicOut]
    """All topics."""
    count: int
    """Number of topics."""


class StoredTopicOut(SuccessOut):
    """A topic that was stored."""

    topic: TopicOut
    """The topic."""
    message: str
    """Confirmation, and whether the weightages of all topics had to be normalised."""


class PracticeQuestionOut(Body):
    """A practice question without its answer."""

    id: UUID
    """Id of the question."""
    concept_id: UUID
    """Concept that it tests."""
    question_text: str
    """The question."""
    question_type: QuestionType
    """Form of the answer."""
    options: list[str] | None
    """Texts to choose from, if the type is mcq."""
    difficulty: Difficulty
    """Difficulty as its author sees it."""
    expected_time_seconds: int
    """Seconds that an answer is expected to take."""


class QuestionsOut(SuccessOut):
    """A page of questions."""

    questions: list[PracticeQuestionOut]
    """The questions."""
    count: int
    """Number of questions on the page."""
    next_cursor: str | None
    """Cursor of the next page; null on the last."""


class LiveQuestionOut(Body):
    """A question in the live system's shape."""

    id: LiveId
    """Id of the question."""
    concept_id: LiveId
    """Concept that it tests."""
    question_text: str
    """The question."""
    question_type: QuestionType
    """Form of the answer."""
    options: list[str] | None
    """Texts to choose from, if the type is mcq."""
    difficulty: Difficulty
    """Difficulty as its author sees it."""
    expected_time_seconds: int
    """Seconds that an answer is expected to take."""


class LiveQuestionsOut(Body):
    """The questions of a concept in the live system's shape."""

    concept_id: LiveId
    """The concept."""
    count: int
    """Number of questions."""
    questions: list[LiveQuestionOut]
    """The questions."""


class ContentTopicIn(StrictBody):
    """A topic of an import; a topic of the same name is changed."""

    topic: Name
    """Name of the topic."""
    parent: Name | None = None
    """Name of the topic of which it is a part."""
    exam_weightage: Percent = 0
    """Share of the exam's marks in percent."""
    estimated_hours: Hours
    """Hours to study it."""
    description: Description | None = None
    """Description for students."""
    prerequisites: dict[str, Percent] = Field(default_factory=dict)
    """Minimum mastery by the name of the topic that has to be known first."""


class ContentConceptIn(StrictBody):
    """A concept of an import; a concept of the same name in the topic is changed."""

    topic: Name
    """Name of its topic."""
    concept: Name
    """Name of the concept."""
    description: Description | None = None
    """Description for students."""


class ContentQuestionIn(StrictBody):
    """A question of an import; one with the same text for the concept is changed."""

    topic: Name
    """Name of its topic."""
    concept: Name
    """Name of its concept."""
    question_text: Annotated[str, Field(min_length=1, max_length=5_000)]
    """The question."""
    question_type: QuestionType
    """Form of the answer."""
    options: Annotated[list[Name], Field(min_length=2, max_length=20)] | None = None
    """Texts to choose from, if the type is mcq."""
    correct_answer: Annotated[str, Field(min_length=1, max_length=1_000)]
    """The right option, `true` or `false`, or a number."""
    difficulty: Difficulty
    """Difficulty as its author sees it."""
    expected_time_seconds: Annotated[int, Field(gt=0, le=3_600)] = DEFAULT_EXPECTED_SECONDS
    """Seconds that an answer is expected to take."""


class ContentIn(StrictBody):
    """Topics, concepts and questions: as lists, or as the text of one CSV file."""

    topics: list[Any] = Field(default_factory=list, max_length=10_000)
    """Objects with `topic`, `parent`, `exam_weightage`, `estimated_hours` and so on."""
    concepts: list[Any] = Field(default_factory=list, max_length=50_000)
    """Objects with `topic`, `concept` and `description`."""
    questions: list[Any] = Field(default_factory=list, max_length=50_000)
    """Objects with `topic`, `concept`, `question_text`, `question_type` and so on."""
    csv: str | None = None
    """Text of a CSV file; its header shows whether it holds topics, concepts or questions."""
    dry_run: bool = False
    """Whether to check the content without storing it."""


class ImportedRowsOut(Body):
    """Numbers of rows of one kind."""

    created: int
    """Rows that are new."""
    changed: int
    """Existing rows that get the values of the import, even if they have them already."""


class ImportedContentOut(SuccessOut):
    """The result of an import."""

    message: str
    """Confirmation for people."""
    dry_run: bool
    """Whether nothing was stored."""
    topics: ImportedRowsOut
    """Topics."""
    concepts: ImportedRowsOut
    """Concepts."""
    questions: ImportedRowsOut
    """Questions."""
    remarks: list[str]
    """Sentences about what was adjusted, such as weightages that did not add up to 100."""
