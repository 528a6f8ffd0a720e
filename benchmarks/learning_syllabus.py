"""Simulated syllabi and students for `benchmarks/learning.py`."""

import numpy as np

from lib.learning.decision.estimate import GUESS, SLIP
from lib.learning.decision.memory import FloatArray
from lib.learning.decision.topic_graph import Requirement, StudyTopic, TopicGraph, graph_of


def syllabus(size: int, rng: np.random.Generator) -> TopicGraph:
    """Return topics, each with up to three prerequisites among the thirty before it."""
    weights = rng.exponential(size=size)
    minutes = rng.lognormal(np.log(90), 0.4, size)
    topics = [
        StudyTopic(number, float(weights[number]), float(minutes[number])) for number in range(size)
    ]
    requirements = [
        Requirement(topic, int(before), 0.6)
        for topic in range(1, size)
        for before in np.unique(rng.integers(max(0, topic - 30), topic, rng.integers(0, 4)))
    ]
    return graph_of(topics, requirements)


class SimulatedStudent:
    """A student with random levels, speed of learning and speed of forgetting."""

    def __init__(self, graph: TopicGraph, rng: np.random.Generator) -> None:
        """Draw a student."""
        size = len(graph.ids)
        self.graph, self.rng = graph, rng
        self.speed = float(rng.lognormal(0, 0.3))
        center = rng.uniform(0.15, 0.7)
        self.level = rng.beta(4 * center, 4 * (1 - center), size)
        self.retention = np.full(size, rng.uniform(0.6, 1.0))
        self.half_life = rng.lognormal(np.log(rng.choice([15, 60, 1000])), 0.3, size)

    def recorded_mastery(self) -> FloatArray:
        """Return each topic's recorded mastery, 0 to 1: the true one with an error."""
        noise = self.rng.normal(0, 0.12, len(self.level))
        mastery: FloatArray = np.clip(self.level * self.retention + noise, 0, 1)
        return mastery

    def study(self, topic: int, minutes: float) -> tuple[int, int]:
        """Study a topic; return the number of answers and how many are right."""
        # A novice learns 80 % (1.6 = -log 0.2) in the topic's minutes if they are all productive;
        # about 75 % of a session's minutes are.
        rate = 1.6 * self.speed * 0.75 * minutes / self.graph.minutes[topic]
        self.level[topic] = 1 - (1 - self.level[topic]) * np.exp(-rate)
        self.retention[topic] = 1 - (1 - self.retention[topic]) * 0.3
        self.half_life[topic] *= 1.4
        chance = GUESS + (1 - GUESS - SLIP) * self.level[topic] * self.retention[topic]
        answers = max(1, int(minutes // 4))
        return answers, int(self.rng.binomial(answers, chance))

    def sleep(self) -> None:
        """Forget for a day."""
        self.retention *= 0.5 ** (1 / self.half_life)

    def exam(self, questions: int) -> float:
        """Return the percentage of right answers to questions drawn by the topics' shares."""
        topics = self.rng.choice(len(self.level), questions, p=self.graph.marks / 100)
        knowledge = self.level[topics] * self.retention[topics]
        right = self.rng.random(questions) < GUESS + (1 - GUESS - SLIP) * knowledge
        return 100 * float(right.mean())
