"""/api/learning/class-analytics and /api/analytics/…: analytics of a class, for its teacher."""

from typing import Annotated

from lib.errors import raises
from lib.framework import Depends
from lib.learning.class_analytics import read, wire
from lib.learning.class_analytics.parameters import ClassQuery, read_filters
from lib.learning.class_analytics.read import Filters
from lib.learning.current_user import UserCall
from lib.learning.errors import ClassClosed, TopicNotFound
from lib.learning.parameters import ClassId, OptionalId, StudentId, Threshold
from lib.learning.students.student import StudentErrors
from lib.web.app import create_app, lambda_entry

app = create_app("learning.class_analytics", tag="Learning: teachers")
ChosenFilters = Annotated[Filters, Depends(read_filters)]


@app.get("/api/learning/class-analytics")
@raises(ClassClosed, TopicNotFound)
def read_class_analytics(
    class_id: ClassQuery, call: UserCall, filters: ChosenFilters
) -> wire.ClassAnalyticsOut:
    """Return mastery by topic, weak topics, students at risk and a prediction for a class."""
    return read.read_class_analytics(call, class_id, filters)


@app.get("/api/analytics/class/{class_id}")
@raises(ClassClosed, TopicNotFound)
def read_live_class(class_id: ClassId, call: UserCall, filters: ChosenFilters) -> wire.LiveClassOut:
    """Return a class's mastery by topic."""
    return read.read_live_class(call, class_id, filters)


@app.get("/api/analytics/class/{class_id}/weak-topics")
@raises(ClassClosed, TopicNotFound)
def read_live_weak_topics(
    class_id: ClassId, call: UserCall, filters: ChosenFilters, threshold: Threshold = 40
) -> wire.LiveWeakTopicsOut:
    """Return the topics in which a class is weak, the weakest first."""
    return read.read_live_weak_topics(call, class_id, threshold, filters)


@app.get("/api/analytics/class/{class_id}/at-risk")
@raises(ClassClosed, TopicNotFound)
def read_live_at_risk(
    class_id: ClassId, call: UserCall, filters: ChosenFilters
) -> wire.LiveAtRiskOut:
    """Return the students who need help, the weakest first."""
    return read.read_live_at_risk(call, class_id, filters)


@app.get("/api/analytics/class/{class_id}/predictions")
@raises(ClassClosed, TopicNotFound)
def read_live_predictions(
    class_id: ClassId, call: UserCall, filters: ChosenFilters
) -> wire.LivePredictionsOut:
    """Return the predicted exam result of a class."""
    return read.read_live_predictions(call, class_id, filters)


@app.get("/api/analytics/student/{student_id}/comparison")
@raises(ClassClosed, *StudentErrors)
def compare_live(
    student_id: StudentId, call: UserCall, class_id: OptionalId = None
) -> wire.LiveComparisonOut:
    """Return a student's mastery beside the class's means, without figures of other students."""
    return read.compare_live(call, student_id, class_id)


lambda_handler = lambda_entry(app)
