"""The syllabus: cycles are refused and named, weightages add up to 100, imports are atomic."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.learning.errors import ContentRefused, TopicNotFound, TopicRefused
from lib.learning.ids import reference
from lib.learning.syllabus.content import import_content
from lib.learning.syllabus.questions import list_live_questions, list_questions
from lib.learning.syllabus.store import find_question
from lib.learning.syllabus.syllabus import find_cycle, normalized
from lib.learning.syllabus.topics import (
    change_topic,
    create_live_topic,
    create_topic,
    list_live_topics,
    list_topics,
    read_live_topic,
)
from lib.learning.syllabus.wire import ContentIn, LiveTopicIn, TopicChangeIn, TopicIn
from lib.learning.tables.closed_lists import Role
from lib.logs import MAX_NAME_LENGTH
from tests.learning.rows import columns_of, rows
from tests.learning.school import School

QUESTION = {
    "topic": "Algebra",
    "concept": "Sums",
    "question_text": "1 + 1?",
    "question_type": "numerical",
    "correct_answer": "2",
    "difficulty": "easy",
}
ALGEBRA = {"topic": "Algebra", "exam_weightage": 100, "estimated_hours": 4}
SUMS = {"topic": "Algebra", "concept": "Sums"}

edges = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=24)


@given(edges)
def test_cycle_is_found_if_there_is_one(pairs: list[tuple[int, int]]) -> None:
    reachable = {start: {end for first, end in pairs if first == start} for start in range(9)}
    for _ in range(9):
        for start in range(9):
            reachable[start] |= {far for end in reachable[start] for far in reachable[end]}
    cycle = find_cycle(pairs)
    assert bool(cycle) == any(start in reachable[start] for start in range(9))
    if cycle:
        assert cycle[0] == cycle[-1]
        assert all(step in set(pairs) for step in pairwise(cycle))


@given(st.dictionaries(st.integers(), st.floats(0, 100), max_size=20))
def test_weightages_keep_their_proportions_and_add_up_to_100(
    given_values: dict[int, float],
) -> None:
    shares = normalized(given_values)
    if sum(given_values.values()) > 0:
        assert math.isclose(sum(shares.values()), 100)
        for first, first_value in given_values.items():
            for second, second_value in given_values.items():
                assert math.isclose(
                    shares[first] * second_value,
                    shares[second] * first_value,
                    rel_tol=1e-9,
                    abs_tol=1e-9,
                )


def test_weightages_are_scaled_and_the_given_values_are_kept(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    first = create_topic(teacher, TopicIn(name="Algebra", exam_weightage=80, estimated_hours=4))
    assert "80" in first.message
    second = create_topic(teacher, TopicIn(name="Geometry", exam_weightage=64, estimated_hours=2))
    assert "added up to 144 and were scaled to 100" in second.message
    expected = """
        name      exam_weightage
        Algebra   55.56
        Geometry  44.44
    """
    topics = [it.model_dump() for it in list_topics(teacher).topics]
    assert columns_of(topics, expected) == rows(expected)
    changed = change_topic(teacher, str(first.topic.id), TopicChangeIn(exam_weightage=36))
    assert changed.message == "The topic was stored."
    assert [round(it.exam_weightage) for it in list_topics(teacher).topics] == [36, 64]


def test_sending_the_weightage_that_a_topic_shows_changes_no_weightage(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    for name, weightage in (("Algebra", 80), ("Geometry", 64)):
        create_topic(teacher, TopicIn(name=name, exam_weightage=weightage, estimated_hours=4))
    before = list_topics(teacher).topics
    for topic in before:
        body = TopicChangeIn(exam_weightage=topic.exam_weightage, estimated_hours=4)
        assert change_topic(teacher, str(topic.id), body).message == "The topic was stored."
    assert list_topics(teacher).topics == before


@pytest.mark.parametrize(
    ("weightage", "hours", "field"),
    [
        (-1, 1, "exam_weightage"),
        (100.5, 1, "exam_weightage"),
        (math.nan, 1, "exam_weightage"),
        (50, 0, "estimated_hours"),
        (50, -1, "estimated_hours"),
        (50, math.inf, "estimated_hours"),
        (50, 10_000.5, "estimated_hours"),
    ],
)
def test_topic_with_a_value_out_of_range_is_refused(
    school: School, weightage: float, hours: float, field: str
) -> None:
    teacher = school.user("tea", Role.TEACHER)
    live = LiveTopicIn(name="X", exam_weightage=weightage, estimated_hours=hours)
    with pytest.raises(TopicRefused) as refused:
        create_live_topic(teacher, live)
    assert refused.value.fields == (field,)
    assert list_live_topics(teacher).root == []


def test_refusal_of_a_cycle_names_its_topics(school: School) -> None:
    school.syllabus("""
        topic     weight  hours  needs
        Algebra   40      4      -
        Calculus  40      5      Algebra
        Physics   20      6      Calculus
    """)
    teacher = school.call("author")
    algebra, physics = str(school.topic("Algebra")), str(school.topic("Physics"))
    change = TopicChangeIn.model_validate({"prerequisites": [{"topic_id": physics}]})
    with pytest.raises(TopicRefused) as refused:
        change_topic(teacher, algebra, change)
    for name in ("“Algebra”", "“Calculus”", "“Physics”", "needs"):
        assert name in str(refused.value)
    change = TopicChangeIn.model_validate({"prerequisites": [{"topic_id": algebra}]})
    with pytest.raises(TopicRefused, match="prerequisites"):
        change_topic(teacher, algebra, change)
    assert read_live_topic(teacher, algebra).prerequisites == []
    assert len(read_live_topic(teacher, algebra).dependents) == 1


def test_parents_form_a_tree_of_any_depth(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    parent = None
    for name in ("Subject", "Unit", "Topic", "Part"):
        body = TopicIn(name=name, exam_weightage=0, estimated_hours=1, parent_id=parent)
        parent = str(create_topic(teacher, body).topic.id)
    assert [it.depth for it in list_topics(teacher).topics] == [0, 1, 2, 3]
    with pytest.raises(TopicRefused, match="is part of"):
        change_topic(teacher, str(school.topic("Subject")), TopicChangeIn(parent_id=parent))
    response = change_topic(teacher, parent or "", TopicChangeIn(parent_id=None))
    assert response.topic.depth == 0


def test_unknown_topics_are_refused(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    with pytest.raises(TopicNotFound):
        change_topic(teacher, "7", TopicChangeIn(name="X"))
    body = LiveTopicIn(name="X", exam_weightage=1, estimated_hours=1, prerequisite_ids=["7"])
    with pytest.raises(TopicRefused, match="prerequisites"):
        create_live_topic(teacher, body)


def test_import_is_repeatable_and_changes_existing_rows(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    content = ContentIn(topics=[ALGEBRA], concepts=[SUMS], questions=[QUESTION])
    trial = import_content(teacher, content.model_copy(update={"dry_run": True}))
    assert (trial.topics.created, trial.questions.created) == (1, 1)
    assert list_topics(teacher).topics == []
    first = import_content(teacher, content)
    assert (first.topics.created, first.concepts.created, first.questions.created) == (1, 1, 1)
    harder = QUESTION | {"difficulty": "hard"}
    second = import_content(teacher, content.model_copy(update={"questions": [harder]}))
    assert (second.topics.changed, second.concepts.changed, second.questions.changed) == (1, 1, 1)
    (question,) = list_questions(teacher, None, None, None, 10).questions
    assert question.difficulty == "hard"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"questions": [QUESTION | {"correct_answer": "two"}]}, "questions[0]"),
        ({"questions": [QUESTION | {"difficulty": "odd"}]}, "questions[0].difficulty"),
        ({"questions": [QUESTION | {"concept": "Terms"}]}, "questions[0].concept"),
        ({"questions": [QUESTION, QUESTION]}, "questions[1]"),
        ({"questions": [QUESTION | {"colour": "red"}]}, "questions[0].colour"),
        ({"topics": [ALGEBRA | {"parent": "Maths"}]}, "topics[0].parent"),
        ({"topics": [ALGEBRA | {"prerequisites": {"X": 60}}]}, "topics[0].prerequisites"),
        ({"topics": [ALGEBRA | {"prerequisites": {"Algebra": 60}}]}, "topics[0].prerequisites"),
        ({"topics": [ALGEBRA | {"estimated_hours": 0}]}, "topics[0].estimated_hours"),
        ({"concepts": ["Sums"]}, "concepts[0]"),
        ({"csv": "topic,concept\nGeometry,Area\n"}, "line-2.topic"),
        ({"csv": 'topic,concept\nAlgebra,"Area\n'}, "line-2"),
        ({"csv": "colour,shape\nred,round\n"}, "line-1"),
        ({"csv": "topic,concept\nAlgebra,Area,extra\n"}, "line-2"),
        ({"csv": " \n"}, "csv"),
        ({"csv": "topic,concept,topic\nAlgebra,Area,Maths\n"}, "line-1"),
        ({"csv": "\ntopic,concept,topic\nAlgebra,Area,Maths\n"}, "line-2"),
        ({"csv": "topic,estimated_hours,prerequisites\nX,1,Algebra:5;Algebra\n"}, "line-2"),
        ({"csv": "question_text,options\nWhat?," + "[" * 5_000 + "\n"}, "line-2"),
        ({"topics": [ALGEBRA | {"x" * 5_000: 1}]}, "topics[0]." + "x" * MAX_NAME_LENGTH),
    ],
)
def test_import_with_an_error_stores_nothing_and_names_its_place(
    school: School, change: dict[str, object], place: str
) -> None:
    teacher = school.user("tea", Role.TEACHER)
    content: dict[str, object] = {"topics": [ALGEBRA], "concepts": [SUMS], "questions": [QUESTION]}
    with pytest.raises(ContentRefused) as refused:
        import_content(teacher, ContentIn.model_validate(content | change))
    assert refused.value.problems[0][0] == place
    assert list_topics(teacher).topics == []


def test_csv_with_semicolons_a_byte_order_mark_and_prerequisites_is_read(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    text = (
        "\ufefftopic;estimated_hours;exam_weightage;prerequisites\r\n"
        "Algebra;4;60;\r\n\r\n"
        'Calculus;5;40;"Algebra:70"\r\n'
    )
    import_content(teacher, ContentIn(csv=text))
    (edge,) = list_topics(teacher).topics[1].prerequisites
    assert (edge.topic_id, edge.minimum_mastery) == (school.topic("Algebra"), 70)


def test_questions_never_show_their_correct_answer(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    import_content(teacher, ContentIn(topics=[ALGEBRA], concepts=[SUMS], questions=[QUESTION]))
    live = list_live_questions(teacher, str(school.concept("Sums")))
    own = list_questions(teacher, None, str(school.topic("Algebra")), None, 10)
    for response in (live.model_dump_json(), own.model_dump_json()):
        assert "1 + 1?" in response
        assert "correct" not in response


def test_pages_of_questions_join_without_gap_or_overlap(school: School) -> None:
    school.syllabus(
        """
            topic    weight  hours
            Algebra  100     4
        """,
        questions_per_concept=5,
    )
    teacher, position, ids = school.call("author"), None, []
    for _ in range(3):
        page = list_questions(teacher, str(school.concept("Algebra 1")), None, position, 2)
        ids += [it.id for it in page.questions]
        position = page.next_cursor
    assert position is None
    assert len(set(ids)) == len(ids) == 5


def test_import_stores_parents_descriptions_and_trimmed_answers(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    parent = {"topic": "Maths", "estimated_hours": 1}
    child = ALGEBRA | {"parent": "Maths", "description": "Terms", "prerequisites": {"Logic": 70}}
    topics = [child, parent, {"topic": "Logic", "estimated_hours": 1}]
    question = QUESTION | {"correct_answer": " 2 "}
    import_content(teacher, ContentIn(topics=topics, concepts=[SUMS], questions=[question]))
    for description in ("Terms", "Sums and terms"):
        changed = child | {"description": description}
        import_content(teacher, ContentIn(topics=[changed]))
        algebra = read_live_topic(teacher, str(school.topic("Algebra")))
        assert (algebra.parent_id, algebra.description) == (school.topic("Maths"), description)
        assert algebra.prerequisites == [school.topic("Logic")]
    question_row = find_question(school.db, reference(school.question("Sums")))
    assert question_row is not None
    assert question_row.correct_answer == "2"


def test_change_of_one_topic_leaves_the_others_unchanged(school: School) -> None:
    school.syllabus("""
        topic     weight  hours  needs
        Algebra   40      4      -
        Calculus  40      5      Algebra
        Physics   20      6      Calculus
    """)
    teacher = school.call("author")
    physics = str(school.topic("Physics"))
    change_topic(teacher, physics, TopicChangeIn(prerequisites=[], name="Mechanics"))
    names = {it.name: len(it.prerequisites) for it in list_topics(teacher).topics}
    assert names == {"Algebra": 0, "Calculus": 1, "Mechanics": 0}
    questions = list_questions(teacher, None, physics, None, 10).questions
    assert [it.question_text for it in questions] == ["Physics 1, question 1"]
