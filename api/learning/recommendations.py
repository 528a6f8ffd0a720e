"""/api/learning/recommendations and /api/recommendations/…: the topics to study next."""

from lib.errors import raises
from lib.learning.current_user import UserCall
from lib.learning.errors import NotStudent, TopicNotFound
from lib.learning.parameters import (
    EntryLimit,
    OptionalThreshold,
    OwnOrStudentId,
    StudentId,
    Threshold,
    TopicId,
)
from lib.learning.recommendations import open_now, recommend, wire
from lib.learning.students.student import StudentErrors
from lib.web.app import create_app, lambda_entry

app = create_app("learning.recommendations", tag="Learning")


@app.get("/api/learning/recommendations")
@raises(NotStudent, *StudentErrors)
def list_recommendations(
    call: UserCall,
    student_id: OwnOrStudentId = None,
    limit: EntryLimit = 5,
    mastery_threshold: OptionalThreshold = None,
) -> wire.RecommendationsOut:
    """Return the topics to study next, each with its reasons as numbers and in words."""
    return recommend.recommend(call, student_id, limit, mastery_threshold)


@app.get("/api/recommendations/next/{student_id}")
@raises(*StudentErrors)
def recommend_live_next(
    student_id: StudentId, call: UserCall, mastery_threshold: Threshold = 60
) -> wire.LiveRecommendationOut | wire.NothingOut:
    """Return the topic to study next, or a message if there is none."""
    return recommend.recommend_live_next(call, student_id, mastery_threshold)


@app.get("/api/recommendations/top/{student_id}")
@raises(*StudentErrors)
def recommend_live_top(
    student_id: StudentId, call: UserCall, n: EntryLimit = 5, mastery_threshold: Threshold = 60
) -> wire.LiveTopOut:
    """Return the topics to study next, the most important first."""
    return recommend.recommend_live_top(call, student_id, n, mastery_threshold)


@app.get("/api/recommendations/explain/{student_id}/{topic_id}")
@raises(TopicNotFound, *StudentErrors)
def explain_live(
    student_id: StudentId, topic_id: TopicId, call: UserCall
) -> wire.LiveExplanationOut:
    """Return why a topic has its priority for a student."""
    return recommend.explain_live(call, student_id, topic_id)


@app.get("/api/recommendations/concepts/{student_id}/{topic_id}")
@raises(TopicNotFound, *StudentErrors)
def recommend_live_concepts(
    student_id: StudentId, topic_id: TopicId, call: UserCall, n: EntryLimit = 5
) -> wire.LiveConceptsOut:
    """Return the least mastered concepts of a topic."""
    return open_now.recommend_live_concepts(call, student_id, topic_id, n)


lambda_handler = lambda_entry(app)
