"""Recommendations: golden cases worked by hand, and properties of every syllabus."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lib.learning.decision.memory import FloatArray
from lib.learning.decision.recommending import StudyRecommendation, recommend_topics
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import Requirement, StudyTopic, TopicGraph, graph_of

NO_FORGETTING = np.array([0.0, 0.0, 1.0])


def state_of(level: list[float], theories: FloatArray | None = None) -> StudentState:
    """A student of average speed who recalls everything that was learned."""
    shape = (3, len(level))
    return StudentState(
        theories=np.full(3, 1 / 3) if theories is None else theories,
        speed=np.ones(3),
        exponent_probabilities=np.array([0.5, 0.5]),
        level=np.tile(level, (3, 1)),
        retention=np.full(shape, 0.999),
        stability=np.full(shape, 10.0),
    )


def ranking(
    graph: TopicGraph, level: list[float], days: float = 30, minutes: float = 3_000
) -> list[StudyRecommendation]:
    return recommend_topics(graph, state_of(level), np.array(level), days, minutes, len(level))


def ids(recommendations: list[StudyRecommendation]) -> list[object]:
    return [it.topic for it in recommendations]


def test_marks_of_a_session_by_hand() -> None:
    graph = graph_of([StudyTopic("only", 7, 100)], [])
    state = replace(state_of([0.6], NO_FORGETTING), retention=np.ones((3, 1)))
    (only,) = recommend_topics(graph, state, np.array([0.6]), 30, 3_000, 1)
    # Nothing is forgotten, and the only topic carries 100 % of the marks. Its credit is
    # 1 / (1 + exp(8 (0.6 - m))): 0.5 at m = 0.6. Of the target levels, m = 0.8 is
    # the best: credit 1 / (1 + exp(-1.6)) = 0.83202. A novice learns 80 % in the topic's 100 min,
    # so the log of the part not learned falls by ln 5 in that time. Of a session of 20 min,
    # 0.9 * (20 - 4) / 20 = 0.72 is productive.
    # So 0.8 is reached in ln(0.4 / 0.2) = 0.69315 times 100 min / (ln 5 * 0.72) = 86.2967 min,
    # which is 59.816 min for 33.202 marks: 0.55506 a minute.
    # (To 0.65: 1 / (1 + exp(-0.4)) - 0.5 = 0.09869 in ln(0.4 / 0.35) * 86.2967 = 11.523 min, which
    # counts as a session of 20 min: 0.49344 a minute.) One session of 20 min brings more than any
    # target: m = 1 - 0.4 exp(-20 / 86.2967) = 0.68276, credit 1 / (1 + exp(-0.66208)) = 0.65971,
    # 15.971 marks / 20 min = 0.79855 a minute.
    assert only.marks_per_minute == pytest.approx(0.79855, abs=2e-4)
    assert only.minutes == 20
    assert only.marks == pytest.approx(15.971, abs=5e-3)
    assert only.exam_share == pytest.approx(100)
    assert only.is_revision
    assert only.leads_to is None


def test_a_weightless_prerequisite_is_recommended_for_what_it_leads_to() -> None:
    topics = [StudyTopic("basics", 0, 60), StudyTopic("goal", 90, 60), StudyTopic("side", 10, 60)]
    graph = graph_of(topics, [Requirement("goal", "basics", 0.6)])
    first, second = ranking(graph, [0.1, 0.1, 0.1])
    assert (first.topic, first.leads_to, first.opens) == ("basics", "goal", ("goal",))
    assert first.own_marks_per_minute == 0
    assert second.topic == "side"
    assert [it.topic for it in first.alternatives] == ["side"]
    assert first.alternatives[0].marks == pytest.approx(second.marks_per_minute * first.minutes)


@pytest.mark.parametrize(("mastery", "is_open"), [(0.59, False), (0.6, True)])
def test_a_topic_opens_exactly_at_the_minimum_mastery(mastery: float, is_open: bool) -> None:
    topics = [StudyTopic("before", 1, 60), StudyTopic("after", 99, 60)]
    graph = graph_of(topics, [Requirement("after", "before", 0.6)])
    assert ("after" in ids(ranking(graph, [mastery, 0.1]))) is is_open


def test_every_prerequisite_counts_not_their_mean() -> None:
    topics = [StudyTopic(name, 10, 60) for name in ("strong", "weak", "after")]
    requirements = [Requirement("after", "strong", 0.6), Requirement("after", "weak", 0.6)]
    assert "after" not in ids(ranking(graph_of(topics, requirements), [0.95, 0.5, 0.1]))


def test_forgotten_topics_are_revised_when_that_brings_more_than_new_ones() -> None:
    graph = graph_of([StudyTopic("new", 10, 200), StudyTopic("forgotten", 10, 200)], [])
    state = replace(
        state_of([0.05, 0.9], np.array([0.5, 0.5, 0.0])),
        retention=np.array([[0.999, 0.3]] * 3),
    )
    first, second = recommend_topics(graph, state, np.array([0.05, 0.9]), 1, 60, 2)
    assert (first.topic, first.is_revision) == ("forgotten", True)
    assert (second.topic, second.is_revision) == ("new", False)
    assert first.mastery == pytest.approx(0.27)


def test_the_sentence_names_marks_share_and_alternative() -> None:
    topics = [StudyTopic(1, 0, 60), StudyTopic(2, 90, 60), StudyTopic(3, 10, 60)]
    first, _ = ranking(graph_of(topics, [Requirement(2, 1, 0.6)]), [0.1, 0.1, 0.1])
    text = first.sentence({1: "Sets", 2: "Probability", 3: "Optics"})
    assert text.startswith("Learn “Sets” for 20 minutes: that adds about ")
    assert "About 10 % of the topic is known now" in text
    assert "The topic leads to “Probability”." in text
    assert f"“Optics” would add {first.alternatives[0].marks:.2f} % in the same time." in text


def test_without_marks_to_gain_nothing_is_recommended() -> None:
    assert ranking(graph_of([StudyTopic("worthless", 0, 60)], []), [0.1]) == []
    assert ranking(graph_of([], []), []) == []


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[StudyTopic], list[Requirement], list[float]]:
    size = draw(st.integers(2, 9))
    topics = [
        StudyTopic(number, draw(st.integers(1, 50)), draw(st.sampled_from([40, 90, 200])))
        for number in range(size)
    ]
    pairs = draw(
        st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=size)
    )
    minimum = st.sampled_from([0.4, 0.6, 0.8])
    edges = {(max(pair), min(pair)): draw(minimum) for pair in pairs if pair[0] != pair[1]}
    level = draw(st.lists(st.floats(0.02, 0.95), min_size=size, max_size=size))
    return topics, [Requirement(*pair, value) for pair, value in edges.items()], level


@given(cases())
@hypothesis_settings(max_examples=100, deadline=None)
def test_a_closed_topic_is_never_recommended(
    case: tuple[list[StudyTopic], list[Requirement], list[float]],
) -> None:
    topics, requirements, level = case
    recommended = set(ids(ranking(graph_of(topics, requirements), level)))
    for each in requirements:
        if level[each.prerequisite] < each.minimum_mastery:  # type: ignore[call-overload]
            assert each.topic not in recommended


@given(cases(), st.data())
@hypothesis_settings(max_examples=100, deadline=None)
def test_more_weight_never_lowers_the_rank_of_a_topic(
    case: tuple[list[StudyTopic], list[Requirement], list[float]], data: st.DataObject
) -> None:
    topics, requirements, level = case
    before = ids(ranking(graph_of(topics, requirements), level))
    assume(before)
    topic = data.draw(st.sampled_from(before))
    factor = data.draw(st.sampled_from([1.5, 3.0, 10.0]))
    heavier = [replace(it, weight=it.weight * factor) if it.id == topic else it for it in topics]
    after = ids(ranking(graph_of(heavier, requirements), level))
    assert after.index(topic) <= before.index(topic)


@given(st.integers(2, 30), st.floats(0.02, 0.95))
@hypothesis_settings(max_examples=40, deadline=None)
def test_equal_topics_come_in_the_order_of_their_positions(size: int, level: float) -> None:
    graph = graph_of([StudyTopic(number, 3, 70) for number in range(size)], [])
    recommended = ids(ranking(graph, [level] * size))
    assert recommended == sorted(recommended)  # type: ignore[type-var]
    assert recommended in ([], list(range(size)))


@given(cases())
@hypothesis_settings(max_examples=40, deadline=None)
def test_the_same_input_gives_the_same_recommendations(
    case: tuple[list[StudyTopic], list[Requirement], list[float]],
) -> None:
    topics, requirements, level = case
    assert ranking(graph_of(topics, requirements), level) == ranking(
        graph_of(topics, requirements), level
    )


def test_a_distant_topic_counts_for_the_first_of_its_chain() -> None:
    topics = [StudyTopic(1, 0, 60), StudyTopic(2, 0, 60), StudyTopic(3, 100, 60)]
    chain = [Requirement(2, 1, 0.6), Requirement(3, 2, 0.6)]
    (first,) = ranking(graph_of(topics, chain), [0.1, 0.1, 0.1])
    assert (first.topic, first.leads_to, first.opens) == (1, 3, (2,))
