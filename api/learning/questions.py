"""GET /api/learning/questions and /api/questions/…: practice questions."""

from lib.errors import InvalidCursor, raises
from lib.learning.current_user import UserCall
from lib.learning.errors import ConceptNotFound, PracticeQuestionNotFound, TopicNotFound
from lib.learning.parameters import ConceptId, OptionalId, PageSize, QuestionId
from lib.learning.syllabus import questions, wire
from lib.web.app import create_app, lambda_entry
from lib.web.cursor import Cursor

app = create_app("learning.questions", tag="Learning")


@app.get("/api/learning/questions")
@raises(ConceptNotFound, TopicNotFound, InvalidCursor)
def list_practice_questions(
    call: UserCall,
    concept_id: OptionalId = None,
    topic_id: OptionalId = None,
    cursor: Cursor = None,
    limit: PageSize = 50,
) -> wire.QuestionsOut:
    """Return questions without their answers: of a concept, of a topic, or all."""
    return questions.list_questions(call, concept_id, topic_id, cursor, limit)


@app.get("/api/questions/concept/{concept_id}")
@raises(ConceptNotFound)
def list_live_questions(concept_id: ConceptId, call: UserCall) -> wire.LiveQuestionsOut:
    """Return the questions of a concept without their answers."""
    return questions.list_live_questions(call, concept_id)


@app.get("/api/questions/{question_id}")
@raises(PracticeQuestionNotFound)
def read_live_question(question_id: QuestionId, call: UserCall) -> wire.LiveQuestionOut:
    """Return a question without its answer."""
    return questions.read_live_question(call, question_id)


lambda_handler = lambda_entry(app)
