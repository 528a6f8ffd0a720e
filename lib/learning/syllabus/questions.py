"""Practice questions, as students see them: without the answer."""

from uuid import UUID

from lib.learning.current_user import Call
from lib.learning.errors import ConceptNotFound, PracticeQuestionNotFound
from lib.learning.ids import live_id, reference
from lib.learning.syllabus import store
from lib.learning.syllabus.store import QuestionRow
from lib.learning.syllabus.topics import topic_of
from lib.learning.syllabus.wire import (
    LiveQuestionOut,
    LiveQuestionsOut,
    PracticeQuestionOut,
    QuestionsOut,
)
from lib.learning.tables.closed_lists import Difficulty, QuestionType
from lib.web import cursor
from lib.web.response_size import within

MAX_LIVE_QUESTIONS = 1_000
"""Maximum number of questions in a list of a concept's questions in the live system's shape."""


def list_questions(
    call: Call, concept_id: str | None, topic_id: str | None, position: str | None, limit: int
) -> QuestionsOut:
    """Return a page of questions, of one concept or topic if it is named.

    Raises:
        ConceptNotFound, TopicNotFound: If there is none with this id.
        InvalidCursor: If the cursor is not one that a page returned.
    """
    concept_ids: list[UUID] | None = None
    if concept_id is not None:
        concept_ids = [_concept(call, concept_id)[0]]
    elif topic_id is not None:
        syllabus = store.read_syllabus(call.db)
        topic = topic_of(syllabus, topic_id)
        concept_ids = [concept.id for concept in syllabus.concepts_of[topic.id]]
    after = None if position is None else cursor.read(position, UUID)[0]
    rows = store.list_questions(call.db, concept_ids, after, limit + 1)
    page = rows[:limit]
    return QuestionsOut(
        questions=[_out(row) for row in page],
        count=len(page),
        next_cursor=cursor.write(page[-1].id) if len(rows) > limit else None,
    )


def list_live_questions(call: Call, sent_id: str) -> LiveQuestionsOut:
    """Return the questions of a concept in the live system's shape.

    The last ones are left out if there are more than `MAX_LIVE_QUESTIONS`, or if the response would
    become too large.

    Raises:
        ConceptNotFound: If there is no such concept.
    """
    concept_id, live_concept_id = _concept(call, sent_id)
    rows = store.list_questions(call.db, [concept_id], None, MAX_LIVE_QUESTIONS)
    questions = list(within(_live_out(row, live_concept_id) for row in rows))
    return LiveQuestionsOut(concept_id=live_concept_id, count=len(questions), questions=questions)


def read_live_question(call: Call, sent_id: str) -> LiveQuestionOut:
    """Return a question in the live system's shape.

    Raises:
        PracticeQuestionNotFound: If there is no such question.
    """
    row = store.find_question(call.db, reference(sent_id))
    if row is None:
        raise PracticeQuestionNotFound
    concept = store.find_concept(call.db, reference(row.concept_id))
    return _live_out(row, row.concept_id if concept is None else concept.live_id)


def _concept(call: Call, sent_id: str) -> tuple[UUID, int | UUID]:
    concept = store.find_concept(call.db, reference(sent_id))
    if concept is None:
        raise ConceptNotFound
    return concept.id, concept.live_id


def _out(row: QuestionRow) -> PracticeQuestionOut:
    return PracticeQuestionOut(
        id=row.id,
        concept_id=row.concept_id,
        question_text=row.question_text,
        question_type=QuestionType(row.question_type),
        options=row.options,
        difficulty=Difficulty(row.difficulty),
        expected_time_seconds=row.expected_time_seconds,
    )


def _live_out(row: QuestionRow, concept_id: int | UUID) -> LiveQuestionOut:
    return LiveQuestionOut(
        id=live_id(row.id, row.former_id),
        concept_id=concept_id,
        question_text=row.question_text,
        question_type=QuestionType(row.question_type),
        options=row.options,
        difficulty=Difficulty(row.difficulty),
        expected_time_seconds=row.expected_time_seconds,
    )
