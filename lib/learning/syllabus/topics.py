"""The graph of topics; changes that would close a cycle are refused."""

import math
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from lib.learning.current_user import Call
from lib.learning.errors import TopicNotFound, TopicRefused
from lib.learning.ids import reference
from lib.learning.syllabus import store
from lib.learning.syllabus.syllabus import Syllabus, TopicRow, find_cycle, normalized
from lib.learning.syllabus.wire import (
    MAX_HOURS,
    ConceptOut,
    LivePrerequisiteOut,
    LivePrerequisitesOut,
    LiveTopicDetailOut,
    LiveTopicIn,
    LiveTopicOut,
    LiveTopicsOut,
    PrerequisiteIn,
    PrerequisiteOut,
    StoredTopicOut,
    TopicChangeIn,
    TopicIn,
    TopicOut,
    TopicsOut,
)
from lib.learning.tables.base import new_id
from lib.learning.transactions import transaction

FULL = 100.0
TOLERANCE = 1e-9
"""Difference from 100 up to which a sum of weightages counts as 100."""


def list_topics(call: Call) -> TopicsOut:
    """Return the graph of topics."""
    syllabus = store.read_syllabus(call.db)
    topics = [topic_out(topic, syllabus) for topic in syllabus.topics.values()]
    return TopicsOut(topics=topics, count=len(topics))


def list_live_topics(call: Call) -> LiveTopicsOut:
    """Return all topics in the live system's shape."""
    syllabus = store.read_syllabus(call.db)
    return LiveTopicsOut([live_topic_out(topic, syllabus) for topic in syllabus.topics.values()])


def read_live_topic(call: Call, sent_id: str) -> LiveTopicDetailOut:
    """Return a topic in the live system's shape.

    Raises:
        TopicNotFound: If there is no such topic.
    """
    syllabus = store.read_syllabus(call.db)
    topic = topic_of(syllabus, sent_id)
    parent = None if topic.parent_id is None else syllabus.topics[topic.parent_id]
    return LiveTopicDetailOut(
        **live_topic_out(topic, syllabus).model_dump(),
        description=topic.description,
        parent_id=None if parent is None else parent.live_id,
        dependents=[syllabus.topics[it].live_id for it in syllabus.dependents_of[topic.id]],
    )


def list_live_prerequisites(call: Call, sent_id: str) -> LivePrerequisitesOut:
    """Return the prerequisites of a topic in the live system's shape.

    Raises:
        TopicNotFound: If there is no such topic.
    """
    syllabus = store.read_syllabus(call.db)
    edges = syllabus.prerequisites_of[topic_of(syllabus, sent_id).id]
    topics_with_edges = [(syllabus.topics[edge.prerequisite_topic_id], edge) for edge in edges]
    return LivePrerequisitesOut(
        [
            LivePrerequisiteOut(
                id=topic.live_id,
                name=topic.name,
                exam_weightage=topic.exam_weightage,
                estimated_hours=topic.estimated_hours,
                minimum_mastery=edge.minimum_mastery,
            )
            for topic, edge in topics_with_edges
        ]
    )


def create_topic(call: Call, body: TopicIn) -> StoredTopicOut:
    """Store a new topic.

    Raises:
        TopicRefused: If a value is out of range, a topic is unknown, or a cycle would be closed.
    """
    topic, syllabus, remark = _create(call, body)
    return StoredTopicOut(
        topic=topic_out(topic, syllabus), message=f"The topic was stored.{remark}"
    )


def create_live_topic(call: Call, body: LiveTopicIn) -> LiveTopicOut:
    """Store a new topic that came in the live system's shape.

    Raises:
        TopicRefused: As for `create_topic`.
    """
    prerequisites = [PrerequisiteIn(topic_id=sent_id) for sent_id in body.prerequisite_ids]
    common = body.model_dump(exclude={"prerequisite_ids"})
    topic, syllabus, _ = _create(call, TopicIn(**common, prerequisites=prerequisites))
    return live_topic_out(topic, syllabus)


def change_topic(call: Call, sent_id: str, body: TopicChangeIn) -> StoredTopicOut:
    """Store the fields of a topic that were sent.

    Raises:
        TopicNotFound: If there is no such topic.
        TopicRefused: As for `create_topic`.
    """
    sent_fields = body.model_fields_set
    with transaction(call.db):
        store.lock_syllabus(call.db)
        syllabus = store.read_syllabus(call.db)
        topic = topic_of(syllabus, sent_id)
        changes: dict[str, Any] = {"id": topic.id, "updated_at": call.now}
        changes |= {it: getattr(body, it) for it in ("name", "description") if it in sent_fields}
        if body.name is None:
            changes.pop("name", None)
        if body.estimated_hours is not None:
            changes["estimated_hours"] = _checked_hours(body.estimated_hours)
        if "parent_id" in sent_fields:
            changes["parent_id"] = _parent(syllabus, topic.id, body.parent_id)
        store.change_topics(call.db, [changes])
        if body.prerequisites is not None:
            minimums = _minimums(syllabus, topic.id, body.prerequisites)
            store.replace_prerequisites(call.db, {topic.id: minimums}, call.now)
        remark = ""
        weightage = body.exam_weightage
        if weightage is not None and not math.isclose(weightage, topic.exam_weightage):
            remark = weigh(call, {topic.id: _checked_weightage(weightage)})
        syllabus = store.read_syllabus(call.db)
    return StoredTopicOut(
        topic=topic_out(syllabus.topics[topic.id], syllabus),
        message=f"The topic was stored.{remark}",
    )


def weigh(call: Call, stated: Mapping[UUID, float]) -> str:
    """Store weightages, and scale those of all topics to add up to 100, unless all are 0.

    Args:
        call: The call, in a transaction.
        stated: Weightages as they were given, by topic.

    Returns:
        A sentence about the scaling, beginning with a space; empty if nothing was scaled.
    """
    all_stated = store.stated_weightages(call.db) | dict(stated)
    store.set_weightages(call.db, all_stated, normalized(all_stated), call.now)
    total = sum(all_stated.values())
    if math.isclose(total, FULL, abs_tol=TOLERANCE) or total == 0:
        return ""
    return f" The weightages of all topics added up to {total:g} and were scaled to 100."


def topic_of(syllabus: Syllabus, sent_id: str | int) -> TopicRow:
    """Return a topic by an id that was sent.

    Raises:
        TopicNotFound: If there is no such topic.
    """
    sent_topic = reference(sent_id)
    for topic in syllabus.topics.values():
        if topic.id == sent_topic.id or (
            sent_topic.former_id is not None and topic.former_id == sent_topic.former_id
        ):
            return topic
    raise TopicNotFound


def topic_out(topic: TopicRow, syllabus: Syllabus) -> TopicOut:
    """Return a topic with its place in the graph."""
    return TopicOut(
        id=topic.id,
        name=topic.name,
        parent_id=topic.parent_id,
        depth=syllabus.depth_of(topic.id),
        exam_weightage=topic.exam_weightage,
        estimated_hours=topic.estimated_hours,
        description=topic.description,
        prerequisites=[
            PrerequisiteOut(
                topic_id=edge.prerequisite_topic_id, minimum_mastery=edge.minimum_mastery
            )
            for edge in syllabus.prerequisites_of[topic.id]
        ],
        dependents=syllabus.dependents_of[topic.id],
        concepts=[
            ConceptOut(id=concept.id, name=concept.name, description=concept.description)
            for concept in syllabus.concepts_of[topic.id]
        ],
    )


def live_topic_out(topic: TopicRow, syllabus: Syllabus) -> LiveTopicOut:
    """Return a topic in the live system's shape."""
    edges = syllabus.prerequisites_of[topic.id]
    return LiveTopicOut(
        id=topic.live_id,
        name=topic.name,
        exam_weightage=topic.exam_weightage,
        estimated_hours=topic.estimated_hours,
        prerequisites=[syllabus.topics[edge.prerequisite_topic_id].live_id for edge in edges],
    )


def _create(call: Call, body: TopicIn) -> tuple[TopicRow, Syllabus, str]:
    weightage = _checked_weightage(body.exam_weightage)
    hours = _checked_hours(body.estimated_hours)
    topic_id = new_id()
    with transaction(call.db):
        store.lock_syllabus(call.db)
        syllabus = store.read_syllabus(call.db)
        minimums = _minimums(syllabus, topic_id, body.prerequisites)
        parent_id = _parent(syllabus, topic_id, body.parent_id)
        row = {
            "id": topic_id,
            "name": body.name,
            "parent_id": parent_id,
            "exam_weightage": 0,
            "estimated_hours": hours,
            "description": body.description,
            "created_at": call.now,
            "updated_at": call.now,
        }
        store.add_topics(call.db, [row])
        store.replace_prerequisites(call.db, {topic_id: minimums}, call.now)
        remark = weigh(call, {topic_id: weightage})
        syllabus = store.read_syllabus(call.db)
    return syllabus.topics[topic_id], syllabus, remark


def _checked_weightage(weightage: float) -> float:
    if not 0 <= weightage <= FULL:
        raise TopicRefused(field="exam_weightage", reason="Send a percentage, 0 to 100.")
    return weightage


def _checked_hours(hours: float) -> float:
    if not 0 < hours <= MAX_HOURS:
        reason = f"Send a number of hours above 0, at most {MAX_HOURS:,}."
        raise TopicRefused(field="estimated_hours", reason=reason)
    return hours


def _parent(syllabus: Syllabus, topic_id: UUID, sent_id: str | int | None) -> UUID | None:
    """Return the id of a parent; refuse one that does not exist or would close a cycle."""
    if sent_id is None:
        return None
    parent = _existing_topic(syllabus, sent_id, "parent_id")
    edges = [(topic.id, topic.parent_id) for topic in syllabus.topics.values()]
    existing_edges = [edge for edge in edges if edge[0] != topic_id and edge[1] is not None]
    _refuse_cycle([*existing_edges, (topic_id, parent.id)], syllabus, "parent_id", "is part of")
    return parent.id


def _minimums(
    syllabus: Syllabus, topic_id: UUID, prerequisites: list[PrerequisiteIn]
) -> dict[UUID, float]:
    """Return the minimum mastery by prerequisite; refuse a cycle of prerequisites."""
    minimums = {
        _existing_topic(syllabus, each.topic_id, "prerequisites").id: each.minimum_mastery
        for each in prerequisites
    }
    existing_edges = [
        (edge.topic_id, edge.prerequisite_topic_id)
        for edge in syllabus.prerequisites
        if edge.topic_id != topic_id
    ]
    new_edges = [(topic_id, prerequisite) for prerequisite in minimums]
    _refuse_cycle([*existing_edges, *new_edges], syllabus, "prerequisites", "needs")
    return minimums


def _existing_topic(syllabus: Syllabus, sent_id: str | int, field: str) -> TopicRow:
    try:
        return topic_of(syllabus, sent_id)
    except TopicNotFound as error:
        raise TopicRefused(field=field, reason="It names a topic that does not exist.") from error


def _refuse_cycle(edges: list[Any], syllabus: Syllabus, field: str, verb: str) -> None:
    """Refuse edges with a cycle, and name its topics."""
    cycle = find_cycle(edges)
    if cycle:
        names = [
            syllabus.topics[node].name if node in syllabus.topics else "the new topic"
            for node in cycle
        ]
        path = f" {verb} ".join(f"“{name}”" for name in names)
        raise TopicRefused(field=field, reason=f"It closes a cycle: {path}.")
