"""Models from the literature that predict the next answer, for comparison with ours.

Each takes all rows, learns only from those with `learn`, and returns the probability of a right
answer for every row. Rows without `learn` are predicted before their outcome is read.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lib.learning.mastery_model.regression import Design, FloatArray, regress, sigmoid

ELO_STEPS = ((0.8, 0.05), (0.5, 0.02), (1.2, 0.1), (0.3, 0.0), (1.8, 0.2))
"""First steps and decays to try for the abilities of Elo ratings."""
ELO_ITEM_STEPS = ((1.0, 0.05), (1.8, 0.2), (0.6, 0.02))
"""First steps and decays to try for the difficulties of Elo ratings."""
DECAYS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.94, 0.97, 0.99)


@dataclass(frozen=True)
class Row:
    """One answer of the data; rows are grouped by student and in order."""

    user: str
    item: str
    skills: tuple[str, ...]
    correct: bool
    learn: bool
    """Whether a model may learn from it."""


def tuned_elo(rows: Sequence[Row]) -> FloatArray:
    """Return the predictions of Elo ratings whose steps shrink, tuned on the rows to learn from.

    A student has an overall ability and one for each skill; difficulties are fixed after the rows
    to learn from. Source: Pelánek (2016), Applications of the Elo rating system in adaptive
    educational systems.
    """
    training = [row for row in rows if row.learn]
    outcomes = np.array([row.correct for row in training], float)
    second_half = slice(len(training) // 2, None)

    def loss(steps: tuple[tuple[float, float], tuple[float, float]]) -> float:
        return log_loss(outcomes[second_half], _elo(training, {}, *steps)[second_half])

    steps = min(product(ELO_STEPS, ELO_ITEM_STEPS), key=loss)
    difficulties: dict[str, tuple[float, int]] = {}
    _elo(training, difficulties, *steps)
    return _elo(rows, difficulties, *steps, frozen=True)


def _elo(
    rows: Sequence[Row],
    difficulties: dict[str, tuple[float, int]],
    steps: tuple[float, float],
    item_steps: tuple[float, float],
    *,
    frozen: bool = False,
) -> FloatArray:
    """Return the predictions of Elo ratings with these steps, (first step, decay).

    `difficulties` maps items to (difficulty, number of answers); it is updated unless `frozen`.
    """
    first, decay = steps
    item_first, item_decay = item_steps
    predictions, user = np.empty(len(rows)), None
    mean = sum(row.correct for row in rows if row.learn) / sum(row.learn for row in rows)
    new_item = (math.log((1 - mean) / mean), 0)
    overall, count = 0.0, 0
    skills: dict[str, tuple[float, int]] = {}
    for number, row in enumerate(rows):
        if row.user != user:
            user, overall, count, skills = row.user, 0.0, 0, {}
        states = [skills.get(skill, (0.0, 0)) for skill in row.skills]
        difficulty, answers = difficulties.get(row.item, new_item)
        ability = overall + (sum(it[0] for it in states) / len(states) if states else 0.0)
        predictions[number] = 1 / (1 + math.exp(difficulty - ability))
        error = row.correct - predictions[number]
        overall, count = overall + first / (1 + decay * count) * error, count + 1
        for skill, (value, updates) in zip(row.skills, states, strict=True):
            skills[skill] = value + first / (1 + decay * updates) * error, updates + 1
        if not frozen:
            new_difficulty = difficulty - item_first / (1 + item_decay * answers) * error
            difficulties[row.item] = new_difficulty, answers + 1
    return predictions


def best_lr(rows: Sequence[Row]) -> FloatArray:
    """Return the predictions of Best-LR, a ridge regression on questions, skills and log counts.

    The counts are attempts and right answers in all, to the question, and for each skill. Source:
    Gervet, Koedinger, Schneider and Mitchell (2020), When is deep learning the best approach to
    knowledge tracing?
    """
    dense = np.ones((len(rows), 5))
    entry_rows, columns, values = array("q"), array("q"), array("d")
    numbers: dict[tuple[str, str], int] = {}
    counts: dict[tuple[str, str], list[int]] = {}
    user = None
    for number, row in enumerate(rows):
        if row.user != user:
            user, counts = row.user, {}
        scopes = [("total", ""), ("item", row.item), *(("skill", it) for it in row.skills)]
        scope_counts = [counts.setdefault(scope, [0, 0]) for scope in scopes]
        dense[number, 1:] = [math.log1p(it) for scope in scope_counts[:2] for it in scope]
        entries = [(scopes[1], 1.0)]
        for scope, (attempts, wins) in zip(scopes[2:], scope_counts[2:], strict=True):
            entries += [
                (scope, 1.0),
                (("attempts", scope[1]), math.log1p(attempts)),
                (("wins", scope[1]), math.log1p(wins)),
            ]
        for key, entry in entries:
            if row.learn or key in numbers:
                entry_rows.append(number)
                columns.append(numbers.setdefault(key, len(numbers)))
                values.append(entry)
        for it in scope_counts:
            it[0] += 1
            it[1] += row.correct
    learn = np.array([row.learn for row in rows])
    outcomes = np.array([row.correct for row in rows], float)
    all_rows = Design(
        dense, np.array(entry_rows), np.array(columns), np.array(values), len(numbers)
    )
    penalty = np.ones(5 + len(numbers))
    penalty[0] = 1e-6  # the intercept is hardly penalized
    weights = regress(_rows_of(all_rows, learn), outcomes[learn], penalty)
    return sigmoid(all_rows.times(weights))


def _rows_of(design: Design, mask: NDArray[np.bool_]) -> Design:
    """Return the design of the rows in the mask."""
    entry_mask, new_row = mask[design.row], np.cumsum(mask) - 1
    return Design(
        design.dense[mask],
        new_row[design.row[entry_mask]],
        design.column[entry_mask],
        design.value[entry_mask],
        design.columns,
    )


def moving_average(rows: Sequence[Row]) -> FloatArray:
    """Return the recency-weighted mean outcome of each row's skill; several skills are averaged.

    A student's mean begins with the skill's mean over students. The decay is fitted to the rows to
    learn from.
    """
    learn = np.array([row.learn for row in rows])
    outcomes = np.array([row.correct for row in rows], float)
    candidates = [_moving_average(rows, decay) for decay in DECAYS]
    return min(candidates, key=lambda it: log_loss(outcomes[learn], it[learn]))


def _moving_average(rows: Sequence[Row], decay: float) -> FloatArray:
    """Return the predictions of `moving_average` with this decay, the weight of the old mean."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        if row.learn:
            for skill in (*row.skills, ""):
                entry = sums.setdefault(skill, [0, 0])
                entry[0] += row.correct
                entry[1] += 1
    start = {skill: right / count for skill, (right, count) in sums.items()}
    predictions, user = np.empty(len(rows)), None
    means: dict[str, float] = {}
    for number, row in enumerate(rows):
        if row.user != user:
            user, means = row.user, {}
        skills = row.skills or ("",)
        values = [means.get(skill, start.get(skill, start[""])) for skill in skills]
        predictions[number] = sum(values) / len(values)
        for skill, value in zip(skills, values, strict=True):
            means[skill] = decay * value + (1 - decay) * row.correct
    return predictions


def auc(outcomes: FloatArray, predictions: FloatArray) -> float:
    """Return the probability that a right answer was predicted higher than a wrong one."""
    _, inverse, counts = np.unique(predictions, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    right = outcomes.sum()
    area = ranks[outcomes == 1].sum() - right * (right + 1) / 2
    return float(area / (right * (len(outcomes) - right)))


def log_loss(outcomes: FloatArray, predictions: FloatArray) -> float:
    """Return the mean negative log likelihood, nats; predictions stay 1e-6 away from 0 and 1."""
    clipped = np.clip(predictions, 1e-6, 1 - 1e-6)
    return float(-np.mean(np.log(np.where(outcomes == 1, clipped, 1 - clipped))))


def calibration_error(outcomes: FloatArray, predictions: FloatArray) -> float:
    """Return the mean gap between predicted and observed shares in ten bins of equal count."""
    order = np.argsort(predictions, kind="stable")
    gaps = [
        len(rows) * abs(outcomes[rows].mean() - predictions[rows].mean())
        for rows in np.array_split(order, 10)
        if len(rows)
    ]
    return float(sum(gaps) / len(outcomes))
