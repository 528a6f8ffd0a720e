"""Answers of two kinds of simulated students; none of the compared models generates them."""

import math

import numpy as np

from lib.learning.mastery_model.attempts import Attempt, Question

DAY = 86_400.0


def stationary_course(
    seed: int, students: int = 300, answers: int = 80, items: int = 200, concepts: int = 10
) -> dict[str, list[Attempt]]:
    """Return answers by the Rasch model, with one constant ability for each concept.

    Abilities of a student correlate at 0.5. The answers have neither times nor confidences.
    """
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(0, 1, items)
    course: dict[str, list[Attempt]] = {}
    for student in range(students):
        ability = math.sqrt(0.5) * (rng.normal() + rng.normal(size=concepts))
        course[str(student)] = [
            Attempt(
                clock=f"{number:06}",
                id=f"{student}-{number}",
                question=Question(f"item {item}", (f"concept {item % concepts}",)),
                is_correct=bool(
                    rng.random() < _sigmoid(ability[item % concepts] - difficulty[item])
                ),
            )
            for number, item in enumerate(rng.integers(0, items, answers))
        ]
    return course


def practice_with_forgetting(
    seed: int, students: int = 300, answers: int = 120, items: int = 150, concepts: int = 12
) -> dict[str, list[Attempt]]:
    """Return answers of students who learn by practice, forget in pauses, and sometimes guess.

    They work concept by concept in sessions days apart, and try again after half of their wrong
    answers. The harder a question is for them, the longer they take and the less confident they
    are. Almost a fifth of the questions have two concepts.
    """
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(0.3, 0.9, items)
    concepts_of = [
        tuple({item % concepts, int(rng.integers(concepts)) if item % 5 == 0 else item % concepts})
        for item in range(items)
    ]
    items_of = [
        [item for item in range(items) if concept in concepts_of[item]]
        for concept in range(concepts)
    ]
    course: dict[str, list[Attempt]] = {}
    for student in range(students):
        ability = rng.normal(0, 0.8) + rng.normal(0, 0.6, concepts)
        gain, last_practice, now = np.zeros(concepts), np.zeros(concepts), 0.0
        speed = rng.normal(0, 0.3)
        attempts: list[Attempt] = []
        concept, item = 0, -1
        while len(attempts) < answers:
            if len(attempts) % 10 == 0:
                now += rng.exponential(3 * DAY)
                concept = int(rng.integers(concepts))
            if not (attempts and not attempts[-1].is_correct and rng.random() < 0.5):
                item = int(rng.choice(items_of[concept]))
            item_concepts = list(concepts_of[item])
            days = (now - last_practice[item_concepts]) / DAY
            strength = float(
                np.mean(ability[item_concepts] + gain[item_concepts] * np.exp(-days / 10))
            )
            chance = 0.15 + 0.85 * _sigmoid(strength - difficulty[item])
            seconds = 40 * math.exp(
                speed + 0.4 * (difficulty[item] - strength) + rng.normal(0, 0.4)
            )
            attempts.append(
                Attempt(
                    clock=f"{len(attempts):06}",
                    id=f"{student}-{len(attempts)}",
                    question=Question(
                        f"item {item}", tuple(f"concept {number}" for number in item_concepts)
                    ),
                    is_correct=bool(rng.random() < chance),
                    time=now,
                    seconds=min(seconds, 3_600.0),
                    confidence=int(
                        np.clip(round(3 + strength - difficulty[item] + rng.normal()), 1, 5)
                    ),
                )
            )
            gain[item_concepts] += 0.125 * (2.5 - gain[item_concepts])
            last_practice[item_concepts] = now
            now += seconds + 5
        course[str(student)] = attempts
    return course


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
