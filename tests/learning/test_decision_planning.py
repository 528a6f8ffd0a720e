"""Plans: hours, prerequisites and determinism; and what answers change in the estimates."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lib.learning.decision.estimate import estimate
from lib.learning.decision.planning import PlannedSession, StudyTime, plan_study
from lib.learning.decision.student_model import PastSession, StudentState
from lib.learning.decision.study_plan import is_outdated
from lib.learning.decision.topic_graph import Requirement, StudyTopic, TopicGraph, graph_of


@st.composite
def graphs(draw: st.DrawFn) -> TopicGraph:
    size = draw(st.integers(1, 8))
    topics = [
        StudyTopic(number, draw(st.integers(0, 50)), draw(st.integers(20, 300)))
        for number in range(size)
    ]
    pairs = draw(
        st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=size)
    )
    edges = [Requirement(max(pair), min(pair), 0.6) for pair in set(pairs) if pair[0] != pair[1]]
    return graph_of(topics, edges)


def student(graph: TopicGraph, mastery: list[float]) -> StudentState:
    return estimate(graph, np.array(mastery), [], 0).mean()


def masteries(graph: TopicGraph) -> st.SearchStrategy[list[float]]:
    size = len(graph.ids)
    return st.lists(st.floats(0, 1), min_size=size, max_size=size)


@given(st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_a_plan_keeps_to_the_hours_the_days_and_the_prerequisites(data: st.DataObject) -> None:
    graph = data.draw(graphs())
    gate = data.draw(masteries(graph))
    minutes = data.draw(st.lists(st.integers(0, 200), min_size=1, max_size=12))
    days = data.draw(st.integers(1, 15))
    sessions = plan_study(
        graph, student(graph, gate), StudyTime(minutes), days, gate=np.array(gate)
    )
    planned_minutes = [0.0] * len(minutes)
    for each in sessions:
        assert each.day < min(days, len(minutes))
        assert each.minutes > 0
        planned_minutes[each.day] += each.minutes
    for total, limit in zip(planned_minutes, minutes, strict=True):
        assert total <= limit + 1e-9
    first_topics = [each.topic for each in sessions if each.day == 0]
    for topic in first_topics:
        for prerequisite, minimum in graph.prerequisites[graph.position[topic]]:
            assert gate[prerequisite] >= minimum


@given(st.data())
@hypothesis_settings(max_examples=20, deadline=None)
def test_the_same_student_gets_the_same_plan(data: st.DataObject) -> None:
    graph = data.draw(graphs())
    mastery = data.draw(masteries(graph))
    plans = [plan_study(graph, student(graph, mastery), StudyTime([90] * 5), 5) for _ in range(2)]
    assert plans[0] == plans[1]


def plan_of(
    graph: TopicGraph, mastery: list[float], days: int, minutes: float
) -> list[PlannedSession]:
    return plan_study(graph, student(graph, mastery), StudyTime([minutes] * days), days)


def test_equal_topics_are_studied_in_the_order_of_their_positions() -> None:
    # A session takes 20 minutes, or less where that is more than half of the day.
    graph = graph_of([StudyTopic(name, 10, 100) for name in "cba"], [])
    assert [it.topic for it in plan_of(graph, [0.3, 0.3, 0.3], 1, 20.0)] == ["c", "b"]
    assert [it.topic for it in plan_of(graph, [0.3, 0.3, 0.3], 1, 60.0)] == ["c", "b", "a"]


def test_a_closed_topic_comes_after_the_plan_has_taught_its_prerequisite() -> None:
    topics = [StudyTopic("worthless", 0, 60), StudyTopic("weighty", 100, 60)]
    graph = graph_of(topics, [Requirement("weighty", "worthless", 0.6)])
    sessions = plan_study(
        graph, student(graph, [0.1, 0.1]), StudyTime([40.0] * 20), 20, np.array([0.1, 0.1])
    )
    first_days = [next(it.day for it in sessions if it.topic == topic.id) for topic in topics]
    assert first_days[0] == 0
    assert first_days[1] > 0


def test_answers_below_expectation_lower_the_estimated_speed_and_level() -> None:
    graph = graph_of([StudyTopic(number, 10, 100) for number in range(6)], [])
    mastery = np.full(6, 0.3)
    good, bad = (
        estimate(graph, mastery, [PastSession(day, 0, 30, 8, right) for day in range(4)], 4)
        for right in (8, 2)
    )
    assert good.mean().mastery[0] > bad.mean().mastery[0] + 0.2
    assert good.mean().speed @ good.theories > bad.mean().speed @ bad.theories


def test_a_student_without_answers_is_expected_to_learn_at_the_estimated_speed() -> None:
    graph = graph_of([StudyTopic("only", 10, 100)], [])
    state = estimate(graph, np.array([0.5]), [], 0).mean()
    assert float(state.speed @ state.theories) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("days_to_exam", "requested_days", "days"), [(30, 7, 7), (3, 7, 3), (30, 30, 30), (0, 1, 0)]
)
def test_every_requested_day_before_the_exam_is_planned_in_full(
    days_to_exam: int, requested_days: int, days: int
) -> None:
    graph = graph_of([StudyTopic(number, 10, 300) for number in range(12)], [])
    time = StudyTime([90.0] * days_to_exam)
    minutes: dict[int, float] = {}
    for each in plan_study(graph, student(graph, [0.2] * 12), time, requested_days):
        minutes[each.day] = minutes.get(each.day, 0.0) + each.minutes
    assert minutes == dict.fromkeys(range(days), 90.0)


def test_known_topics_that_fade_have_a_fifth_of_the_day() -> None:
    topics = [StudyTopic("faded", 1, 100), *(StudyTopic(each, 33, 100) for each in range(3))]
    graph = graph_of(topics, [])
    fresh = student(graph, [0.75, 0.1, 0.1, 0.1])
    faded = replace(fresh, retention=fresh.retention * np.array([0.6, 1, 1, 1]))
    minutes = {}
    for name, state in (("fresh", replace(fresh, retention=np.ones((3, 4)))), ("faded", faded)):
        sessions = plan_study(graph, state, StudyTime([100.0] * 30), 1)
        minutes[name] = sum(it.minutes for it in sessions if it.topic == "faded")
        assert all(it.is_revision == (it.topic == "faded") for it in sessions)
    assert minutes == {"fresh": 0, "faded": 20}


@pytest.mark.parametrize("minutes", [30.0, 60.0, 180.0])
def test_a_fifth_of_the_time_is_for_revision_on_short_days_too(minutes: float) -> None:
    names = [f"faded {number}" for number in range(30)]
    topics = [*(StudyTopic(each, 0.01, 100) for each in names), StudyTopic("new", 99.7, 9_000)]
    topics += [StudyTopic(f"new {number}", 99.7, 9_000) for number in range(3)]
    graph = graph_of(topics, [])
    state = student(graph, [0.75] * 30 + [0.1] * 4)
    retention = state.retention * np.array([0.6] * 30 + [1] * 4)
    sessions = plan_study(graph, replace(state, retention=retention), StudyTime([minutes] * 20), 20)
    revision = sum(it.minutes for it in sessions if str(it.topic).startswith("faded"))
    assert 0.19 * 20 * minutes - 20 < revision <= 0.2 * 20 * minutes + 1e-9
    assert all(it.minutes <= minutes / 2 for it in sessions)


def test_many_hours_a_day_need_little_memory() -> None:
    graph = graph_of([StudyTopic(number, 10, 500) for number in range(6)], [])
    state = student(graph, [0.2] * 6)
    tracemalloc.start()
    sessions = plan_study(graph, state, StudyTime([1440.0] * 60), 60)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(it.minutes for it in sessions) > 0.9 * 60 * 1440
    # 4,320 sessions: one number for each pair of them would be 149 MB
    assert peak < 50e6


def test_earlier_sessions_show_when_a_topic_was_last_studied() -> None:
    graph = graph_of([StudyTopic("only", 10, 100)], [])
    earlier = [PastSession(day, "only", 20, 5, 4) for day in (3, 90)]
    state, late, never = (
        estimate(graph, np.array([0.7]), [], 100, sessions).mean()
        for sessions in (earlier, earlier[1:], [])
    )
    assert state.mastery == pytest.approx(late.mastery)
    assert state.mastery[0] > never.mastery[0] + 0.05


@pytest.mark.parametrize(("mastery", "expected"), [(64.0, False), (66.0, True), (34.0, True)])
def test_a_plan_is_outdated_when_a_mastery_moves_by_more_than_15(
    mastery: float, expected: bool
) -> None:
    assert is_outdated({"a": 50.0, "b": 50.0}, {"a": 50.0, "b": mastery, "new": 100.0}) is expected
