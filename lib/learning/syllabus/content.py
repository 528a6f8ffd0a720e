"""Import of topics, concepts and questions: all or nothing; repeating it adds nothing."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from lib.learning.current_user import Call
from lib.learning.errors import ContentRefused
from lib.learning.syllabus import store
from lib.learning.syllabus.content_file import Content, read_content
from lib.learning.syllabus.syllabus import Syllabus, find_cycle
from lib.learning.syllabus.topics import weigh
from lib.learning.syllabus.wire import (
    ContentIn,
    ContentQuestionIn,
    ImportedContentOut,
    ImportedRowsOut,
)
from lib.learning.tables.base import new_id


@dataclass
class _Import:
    """State of a running import: known ids and numbers of stored rows."""

    call: Call
    content: Content
    syllabus: Syllabus
    topic_ids: dict[str, UUID]
    concept_ids: dict[tuple[str, str], UUID]
    created: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)

    def numbers(self, kind: str) -> ImportedRowsOut:
        """Return the numbers of rows of a kind."""
        return ImportedRowsOut(created=self.created[kind], changed=self.changed[kind])


def import_content(call: Call, body: ContentIn) -> ImportedContentOut:
    """Store topics, concepts and questions; change those whose name or text exists already.

    Raises:
        ContentRefused: If a row cannot be read, names something unknown, repeats an earlier row,
            or closes a cycle.
    """
    content = read_content(body)
    if content.problems:
        raise ContentRefused(content.problems)
    try:
        state, remark = _store(call, content)
    except BaseException:
        call.db.rollback()
        raise
    if body.dry_run:
        call.db.rollback()
    else:
        call.db.commit()
    return ImportedContentOut(
        message="The content is valid; nothing was stored." if body.dry_run else "Stored.",
        dry_run=body.dry_run,
        topics=state.numbers("topics"),
        concepts=state.numbers("concepts"),
        questions=state.numbers("questions"),
        remarks=[remark.strip()] if remark else [],
    )


def _store(call: Call, content: Content) -> tuple[_Import, str]:
    """Store content; return what was stored, and the remark of `_store_edges` on weightages."""
    store.lock_syllabus(call.db)
    state = _begin(call, content)
    problems = _problems_of(state)
    if problems:
        raise ContentRefused(problems)
    _store_topics(state)
    remark = _store_edges(state)
    _store_concepts(state)
    _store_questions(state)
    return state, remark


def _begin(call: Call, content: Content) -> _Import:
    syllabus = store.read_syllabus(call.db)
    topics = {topic.name: topic.id for topic in syllabus.topics.values()}
    names = {topic.id: topic.name for topic in syllabus.topics.values()}
    concepts = {
        (names[concept.topic_id], concept.name): concept.id for concept in syllabus.concepts
    }
    return _Import(call, content, syllabus, topics, concepts)


def _problems_of(state: _Import) -> list[tuple[str, str]]:
    """Return place and reason of each unknown topic or concept, and of each duplicate row."""
    content = state.content
    topics = {*state.topic_ids, *(row.topic for _, row in content.topics)}
    concepts = {*state.concept_ids, *((row.topic, row.concept) for _, row in content.concepts)}
    problems = []
    for place, topic in content.topics:
        problems += [
            (f"{place}.prerequisites", f"There is no topic “{name}”.")
            for name in topic.prerequisites
            if name not in topics
        ]
        if topic.parent is not None and topic.parent not in topics:
            problems.append((f"{place}.parent", f"There is no topic “{topic.parent}”."))
    for place, concept in content.concepts:
        if concept.topic not in topics:
            problems.append((f"{place}.topic", f"There is no topic “{concept.topic}”."))
    for place, question in content.questions:
        if (question.topic, question.concept) not in concepts:
            reason = f"The topic “{question.topic}” has no concept “{question.concept}”."
            problems.append((f"{place}.concept", reason))
    return [*problems, *_duplicates(content)]


def _duplicates(content: Content) -> list[tuple[str, str]]:
    """Return the place of each row that repeats an earlier one, and which one it repeats."""
    places_and_keys: list[tuple[str, object]] = [
        *((place, row.topic) for place, row in content.topics),
        *((place, (row.topic, row.concept)) for place, row in content.concepts),
        *((place, (row.topic, row.concept, row.question_text)) for place, row in content.questions),
    ]
    first_places: dict[object, str] = {}
    problems = []
    for place, key in places_and_keys:
        if first_places.setdefault(key, place) != place:
            problems.append((place, f"It has the same name or text as {first_places[key]}."))
    return problems


def _store_topics(state: _Import) -> None:
    new_rows, changed_rows = [], []
    for _, row in state.content.topics:
        values: dict[str, Any] = {
            "estimated_hours": row.estimated_hours,
            "description": row.description,
        }
        topic_id = state.topic_ids.get(row.topic)
        if topic_id is None:
            topic_id = state.topic_ids[row.topic] = new_id()
            values |= {"id": topic_id, "name": row.topic, "exam_weightage": 0}
            new_rows.append(values | _times(state.call))
        else:
            changed_rows.append(values | {"id": topic_id, "updated_at": state.call.now})
    _write(state, "topics", new_rows, changed_rows, store.add_topics, store.change_topics)


def _store_edges(state: _Import) -> str:
    """Store parents, prerequisites and weightages, once every topic is stored.

    Returns:
        A sentence about the scaling of the weightages; empty if nothing was scaled.
    """
    if not state.content.topics:
        return ""
    parents = {topic.id: topic.parent_id for topic in state.syllabus.topics.values()}
    prerequisites_of = {
        topic: [edge.prerequisite_topic_id for edge in edges]
        for topic, edges in state.syllabus.prerequisites_of.items()
    }
    for _, row in state.content.topics:
        topic_id = state.topic_ids[row.topic]
        parents[topic_id] = None if row.parent is None else state.topic_ids[row.parent]
        prerequisites_of[topic_id] = [state.topic_ids[name] for name in row.prerequisites]
    parent_edges = [(topic, parent) for topic, parent in parents.items() if parent is not None]
    edges = [(topic, other) for topic, others in prerequisites_of.items() for other in others]
    _refuse_cycle(state, parent_edges, "parent", "is part of")
    _refuse_cycle(state, edges, "prerequisites", "needs")
    row_of = {state.topic_ids[row.topic]: row for _, row in state.content.topics}
    store.change_topics(state.call.db, [{"id": it, "parent_id": parents[it]} for it in row_of])
    minimums_of = {
        topic_id: {state.topic_ids[name]: value for name, value in row.prerequisites.items()}
        for topic_id, row in row_of.items()
    }
    store.replace_prerequisites(state.call.db, minimums_of, state.call.now)
    weightages = {topic_id: row.exam_weightage for topic_id, row in row_of.items()}
    return weigh(state.call, weightages)


def _refuse_cycle(state: _Import, edges: Iterable[tuple[UUID, UUID]], name: str, verb: str) -> None:
    cycle = find_cycle(edges)
    if cycle:
        names = {topic_id: topic for topic, topic_id in state.topic_ids.items()}
        place = next(
            (place for place, row in state.content.topics if state.topic_ids[row.topic] in cycle),
            "topics",
        )
        path = f" {verb} ".join(f"“{names[node]}”" for node in cycle)
        raise ContentRefused([(f"{place}.{name}", f"It closes a cycle: {path}.")])


def _store_concepts(state: _Import) -> None:
    new_rows, changed_rows = [], []
    for _, row in state.content.concepts:
        concept_id = state.concept_ids.get((row.topic, row.concept))
        if concept_id is None:
            concept_id = state.concept_ids[row.topic, row.concept] = new_id()
            new_rows.append(
                {
                    "id": concept_id,
                    "topic_id": state.topic_ids[row.topic],
                    "name": row.concept,
                    "description": row.description,
                    **_times(state.call),
                }
            )
        else:
            changed_rows.append(
                {
                    "id": concept_id,
                    "description": row.description,
                    "updated_at": state.call.now,
                }
            )
    _write(state, "concepts", new_rows, changed_rows, store.add_concepts, store.change_concepts)


def _store_questions(state: _Import) -> None:
    question_ids = store.question_ids_by_text(state.call.db) if state.content.questions else {}
    new_rows, changed_rows = [], []
    for _, row in state.content.questions:
        concept_id = state.concept_ids[row.topic, row.concept]
        question_id = question_ids.get((concept_id, row.question_text))
        values = _question_values(row)
        if question_id is None:
            identity = {"id": new_id(), "concept_id": concept_id}
            new_rows.append(values | identity | _times(state.call))
        else:
            changed_rows.append(values | {"id": question_id, "updated_at": state.call.now})
    _write(state, "questions", new_rows, changed_rows, store.add_questions, store.change_questions)


def _write(
    state: _Import,
    kind: str,
    new_rows: list[dict[str, Any]],
    changed_rows: list[dict[str, Any]],
    add: Callable[..., None],
    change: Callable[..., None],
) -> None:
    add(state.call.db, new_rows)
    change(state.call.db, changed_rows)
    state.created[kind] += len(new_rows)
    state.changed[kind] += len(changed_rows)


def _question_values(row: ContentQuestionIn) -> dict[str, Any]:
    return {
        "question_text": row.question_text,
        "question_type": row.question_type.value,
        "options": row.options,
        "correct_answer": row.correct_answer.strip(),
        "difficulty": row.difficulty.value,
        "expected_time_seconds": row.expected_time_seconds,
    }


def _times(call: Call) -> dict[str, Any]:
    return {"created_at": call.now, "updated_at": call.now}
