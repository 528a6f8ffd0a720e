"""Bodies of content files, and of the list of them.

The rows of a file have the names of their tables' columns. Times of creation are only in rows whose
order depends on them.
"""

from typing import Any, Literal
from uuid import UUID

from lib.learning.tables.closed_lists import Difficulty, QuestionType
from lib.web.wire import Body, SuccessOut, UtcTime

FORMAT: Literal[1] = 1
"""Version of the file format."""


class TopicFileRow(Body):
    """A topic."""

    id: UUID
    """Id of the topic."""
    former_id: int | None
    """Its number in the live system; null if it has none."""
    name: str
    """Name of the topic."""
    parent_id: UUID | None
    """Topic of which it is a part."""
    exam_weightage: float
    """Share of the exam's marks in percent, 0 to 100."""
    estimated_hours: float
    """Hours of study that the topic needs."""
    description: str | None
    """Description of the topic."""


class PrerequisiteFileRow(Body):
    """A topic that has to be known before another one."""

    id: UUID
    """Id of the pair."""
    created_at: UtcTime
    """Time of its creation, by which the prerequisites of a topic are ordered."""
    topic_id: UUID
    """Topic that has the prerequisite."""
    prerequisite_topic_id: UUID
    """Topic that has to be known first."""
    minimum_mastery: float
    """Mastery, 0 to 100, that every concept of the prerequisite has to reach."""


class ConceptFileRow(Body):
    """A concept."""

    id: UUID
    """Id of the concept."""
    former_id: int | None
    """Its number in the live system; null if it has none."""
    topic_id: UUID
    """Topic of the concept."""
    name: str
    """Name of the concept."""
    description: str | None
    """Description of the concept."""


class QuestionFileRow(Body):
    """A practice question with its answer, because devices grade answers offline."""

    id: UUID
    """Id of the question."""
    former_id: int | None
    """Its number in the live system; null if it has none."""
    concept_id: UUID
    """Concept of the question."""
    question_text: str
    """The question."""
    question_type: QuestionType
    """Form of the answer."""
    options: list[Any] | None
    """Texts to choose from; null unless the type is mcq."""
    correct_answer: str
    """The right answer."""
    difficulty: Difficulty
    """Difficulty as its author sees it."""
    expected_time_seconds: int
    """Seconds that an answer is expected to take."""


class CalibrationFileRow(Body):
    """Coefficients of the model of mastery."""

    id: UUID
    """Id of the calibration."""
    created_at: UtcTime
    """Time of the calibration."""
    version: str
    """Version of the calibration."""
    attempts: int
    """Number of answers that existed then."""
    coefficients: dict[str, Any]
    """The coefficients by name."""


class ContentFileOut(Body):
    """Content of one file: rows by table; most files have rows of one table only."""

    format: Literal[1] = FORMAT
    """Version of this file's format."""
    topics: tuple[TopicFileRow, ...] = ()
    """All topics, each after its parent."""
    topic_prerequisites: tuple[PrerequisiteFileRow, ...] = ()
    """All prerequisites."""
    concepts: tuple[ConceptFileRow, ...] = ()
    """All concepts."""
    questions: tuple[QuestionFileRow, ...] = ()
    """The questions of one topic."""
    mastery_calibrations: tuple[CalibrationFileRow, ...] = ()
    """The calibration in use; empty before the first."""


class ListedFileOut(Body):
    """A content file in the list."""

    name: str
    """`syllabus`, `calibration`, or `questions`, a slash and the id of a topic."""
    sha256: str
    """SHA-256 of the content, 64 hexadecimal digits; the last part of the file's path."""
    size: int
    """Bytes of the content, uncompressed."""


class ContentFilesOut(SuccessOut):
    """The files that make up the content at present."""

    content: str
    """SHA-256 of the names and hashes of all files; it changes whenever a file does."""
    files: list[ListedFileOut]
    """The files by name."""
    count: int
    """Number of files."""
