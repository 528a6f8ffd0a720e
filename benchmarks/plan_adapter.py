"""The planner in the form that an external simulator of students calls: `plan`."""

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import Any

from lib.learning.decision.estimate import estimate
from lib.learning.decision.planning import REVISION_SHARE, StudyTime, plan_study
from lib.learning.decision.student_model import PastSession
from lib.learning.decision.topic_graph import Requirement, StudyTopic, graph_of

MINIMUM_MASTERY = 0.4
"""Expected mastery that opens a topic, since the simulator names none. It is below the product's
default of 0.6, because the simulator's prerequisites slow students down rather than stop them."""
EXPECTED_DAYS, EXPECTED_ATTENDED = 10, 9
"""Expected attendance, 9 of 10 days; both numbers are added to the student's own."""


def plan(
    profile: Mapping[str, Any],
    topics: Sequence[Mapping[str, Any]],
    prereqs: Sequence[tuple[int, int]],
    mastery: Mapping[int, float],
    minutes_per_day: Sequence[int],
    days: int,
    revision_share: float = REVISION_SHARE,
) -> list[tuple[int, Hashable, float]]:
    """Return (day, topic, minutes) for each session until the exam."""
    graph = graph_of(
        [StudyTopic(it["id"], it["weight"], it["est_minutes"]) for it in topics],
        [Requirement(after, before, MINIMUM_MASTERY) for before, after in prereqs],
    )
    today = profile["today"]
    history = [PastSession(*entry) for entry in profile["history"]]
    state = estimate(graph, graph.values_of(mastery), history, today).mean()
    attendance = (today - profile["missed_days"] + EXPECTED_ATTENDED) / (today + EXPECTED_DAYS)
    time = StudyTime(minutes_per_day, attendance)
    sessions = plan_study(graph, state, time, days, revision_share=revision_share)
    return [(it.day, it.topic, it.minutes) for it in sessions]


plan_without_revision_share = partial(plan, revision_share=0.0)
"""`plan`, with no time reserved for revisions: they compete by their marks per minute."""
