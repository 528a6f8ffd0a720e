"""Abilities of many students before each answer, for the fit of steps and difficulties."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lib.learning.mastery_model.calibration import Steps


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """Parts of one answer that move abilities."""

    student: int
    concepts: tuple[int, ...]
    """Concepts of the question, one or more."""
    is_correct: bool
    is_repeated: bool
    is_slow: bool
    """Whether it is right and took more than twice the usual time."""
    doubt: float
    """0 to 1; 1 for a right answer with confidence 1, 0 from confidence 3 on."""


def step_factor(steps: Steps, *, is_repeated: bool, is_slow: bool, doubt: float) -> float:
    """Return the weight of an answer relative to a quick, certain first one, 0 to 1."""
    return (
        (steps.repeated if is_repeated else 1.0)
        * (steps.slow if is_slow else 1.0)
        * (1 - doubt * (1 - steps.unsure))
    )


def abilities_before(
    answers: Sequence[GradedAnswer], difficulties: Sequence[float], steps: Steps
) -> tuple[list[float], list[float]]:
    """Return the overall ability and the mean ability in the concepts before each answer.

    Args:
        answers: Answers, student after student, in canonical order.
        difficulties: Difficulty of each answer's question, logits.
        steps: Sizes of the steps by which abilities move.
    """
    overall_before, concepts_before = [], []
    student, overall, count = -1, 0.0, 0
    concepts: dict[int, tuple[float, int]] = {}
    for answer, difficulty in zip(answers, difficulties, strict=True):
        if answer.student != student:
            student, overall, count, concepts = answer.student, 0.0, 0, {}
        beginning = (steps.transfer * overall, 0)
        states = [concepts.get(key, beginning) for key in answer.concepts]
        overall_before.append(overall)
        concepts_before.append(sum(state[0] for state in states) / len(states))
        size = step_factor(
            steps, is_repeated=answer.is_repeated, is_slow=answer.is_slow, doubt=answer.doubt
        )
        overall = ability_after(
            overall, count, difficulty, answer.is_correct, size * steps.overall, steps.overall_decay
        )
        count += 1
        for key, (ability, number) in zip(answer.concepts, states, strict=True):
            concepts[key] = (
                ability_after(
                    ability,
                    number,
                    difficulty,
                    answer.is_correct,
                    size * steps.concept,
                    steps.concept_decay,
                ),
                number + 1,
            )
    return overall_before, concepts_before


def ability_after(
    ability: float, answers: int, difficulty: float, is_correct: bool, first: float, decay: float
) -> float:
    """Return an ability after one more answer: higher after a right one, lower after a wrong one.

    Args:
        ability: Logits.
        answers: Number of answers that it rests on.
        difficulty: Difficulty of the question, logits.
        is_correct: Whether the answer is right.
        first: Step of the first answer for an error of 1, logits; at least 0.
        decay: Rate at which steps shrink: the n-th one, from 0, is divided by 1 + decay n.
    """
    expected = 1 / (1 + math.exp(max(-30.0, min(30.0, difficulty - ability))))
    return ability + (is_correct - expected) * first / (1 + decay * answers)
