"""/api/learning/topics and /api/topics: the graph of topics, and changes to it."""

from lib.errors import raises
from lib.framework import Response
from lib.learning.current_user import UserCall
from lib.learning.errors import TopicNotFound, TopicRefused
from lib.learning.parameters import StudentId, Threshold, TopicId
from lib.learning.recommendations import open_now
from lib.learning.students.student import StudentErrors
from lib.learning.syllabus import topics, wire
from lib.web.app import create_app, lambda_entry

app = create_app("learning.topics", tag="Learning: syllabus")


@app.get("/api/learning/topics")
def list_topics(call: UserCall) -> wire.TopicsOut:
    """Return all topics with their prerequisites, parts and concepts."""
    return topics.list_topics(call)


@app.post("/api/learning/topics")
@raises(TopicRefused)
def create_topic(body: wire.TopicIn, call: UserCall) -> wire.StoredTopicOut:
    """Store a new topic; a cycle of parents or prerequisites is refused and named."""
    return topics.create_topic(call, body)


@app.put("/api/learning/topics/{topic_id}")
@raises(TopicNotFound, TopicRefused)
def change_topic(
    topic_id: TopicId, body: wire.TopicChangeIn, call: UserCall
) -> wire.StoredTopicOut:
    """Change a topic; a field that is left out keeps its value."""
    return topics.change_topic(call, topic_id, body)


@app.get("/api/topics")
def list_live_topics(call: UserCall) -> wire.LiveTopicsOut:
    """Return all topics as pages of the live system read them."""
    return topics.list_live_topics(call)


@app.post("/api/topics")
@raises(TopicRefused)
def create_live_topic(
    body: wire.LiveTopicIn, call: UserCall, response: Response
) -> wire.LiveTopicOut:
    """Store a new topic as pages of the live system send it."""
    response.status_code = 201
    return topics.create_live_topic(call, body)


@app.get("/api/topics/unlockable/{student_id}")
@raises(*StudentErrors)
def list_live_unlockable(
    student_id: StudentId, call: UserCall, mastery_threshold: Threshold = 60
) -> wire.LiveUnlockablesOut:
    """Return the topics that a student can study now."""
    return open_now.list_live_unlockable(call, student_id, mastery_threshold)


@app.get("/api/topics/{topic_id}")
@raises(TopicNotFound)
def read_live_topic(topic_id: TopicId, call: UserCall) -> wire.LiveTopicDetailOut:
    """Return a topic as pages of the live system read it."""
    return topics.read_live_topic(call, topic_id)


@app.get("/api/topics/{topic_id}/prerequisites")
@raises(TopicNotFound)
def list_live_prerequisites(topic_id: TopicId, call: UserCall) -> wire.LivePrerequisitesOut:
    """Return the prerequisites of a topic."""
    return topics.list_live_prerequisites(call, topic_id)


lambda_handler = lambda_entry(app)
