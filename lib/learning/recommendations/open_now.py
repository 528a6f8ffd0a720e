"""Topics that a student can study now, and the concepts to practise within one of them."""

from lib.learning.current_user import Call
from lib.learning.decision.open_topics import open_topics
from lib.learning.mastery.read import read_masteries
from lib.learning.recommendations.wire import LiveConceptOut, LiveConceptsOut
from lib.learning.students.student import readable_student
from lib.learning.syllabus import store as syllabus_store
from lib.learning.syllabus.topics import live_topic_out, topic_of
from lib.learning.syllabus.wire import LiveUnlockableOut, LiveUnlockablesOut


def recommend_live_concepts(call: Call, sent_id: str, sent_topic: str, n: int) -> LiveConceptsOut:
    """Return the least mastered concepts of a topic; the response has the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
        TopicNotFound: If there is no such topic.
    """
    student = readable_student(call, sent_id)
    syllabus = syllabus_store.read_syllabus(call.db)
    topic = topic_of(syllabus, sent_topic)
    score_of = read_masteries(call, student.id).score_of
    concepts = sorted(
        syllabus.concepts_of[topic.id],
        key=lambda it: (score_of(it.id), it.former_id is None, it.former_id or 0, it.id),
    )[:n]
    return LiveConceptsOut(
        student_id=student.live_id,
        topic_id=topic.live_id,
        count=len(concepts),
        concepts=[
            LiveConceptOut(
                concept_id=concept.live_id,
                concept_name=concept.name,
                current_mastery=score_of(concept.id),
                priority=100 - score_of(concept.id),
            )
            for concept in concepts
        ],
    )


def list_live_unlockable(call: Call, sent_id: str, mastery_threshold: float) -> LiveUnlockablesOut:
    """Return the open topics below the threshold; the response has the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    student = readable_student(call, sent_id)
    syllabus = syllabus_store.read_syllabus(call.db)
    score_of = read_masteries(call, student.id).score_of
    topics = open_topics(syllabus, score_of, mastery_threshold)
    return LiveUnlockablesOut(
        [
            LiveUnlockableOut(
                **live_topic_out(it.topic, syllabus).model_dump(),
                current_mastery=it.current_mastery,
            )
            for it in topics
        ]
    )
