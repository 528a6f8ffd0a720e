"""From recorded answers to the rows of a pool's next version."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.assessment.calibration.store import ItemRow, Recorded
from lib.engine.calibration import Budget, Calibration, ItemParameters, calibrate
from lib.engine.calibration.parameters import MOST_GUESSING

DIGITS = 6
MAX_NAMED = 1_000
"""Drifted questions that a report names, the surest first; each item's own row has its flag too."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """A calibration and the questions that it is about."""

    found: Calibration
    items: list[ItemRow]
    recorded: int

    @property
    def drifted(self) -> list[str]:
        """Questions that changed by more than chance, the surest first."""
        flagged = np.flatnonzero(self.found.drift.drifted)
        surest = flagged[np.argsort(self.found.drift.p_value[flagged], kind="stable")]
        return [self.items[i].question_id for i in surest[:MAX_NAMED]]

    @property
    def prior_covariance(self) -> list[float]:
        """Correlations of abilities, k * k numbers, row by row."""
        return _rounded(self.found.correlation.ravel())

    def report(self) -> dict[str, Any]:
        """What the version keeps of the fit as a whole."""
        return {
            "recorded": self.recorded,
            "answers": int(self.found.answers.sum()),
            "people": self.found.people,
            "questions": int((self.found.answers > 0).sum()),
            "log_likelihood": round(self.found.log_likelihood, 3),
            "rounds": self.found.rounds,
            "settled": self.found.converged,
            "furthest_move": round(self.found.furthest_move, DIGITS),
            "drifted": self.drifted,
            "people_mean": _rounded(self.found.drift.shift),
            "people_deviation": _rounded(self.found.drift.stretch),
        }

    def rows(self) -> list[dict[str, Any]]:
        """New parameters of every question that was answered."""
        return [self._row(int(i)) for i in np.flatnonzero(self.found.answers)]

    def _row(self, i: int) -> dict[str, Any]:
        parameters, errors, drift = self.found.parameters, self.found.errors, self.found.drift
        return {
            "position": self.items[i].position,
            "difficulty": round(float(parameters.difficulty[i]), DIGITS),
            "discrimination": round(float(parameters.discrimination[i]), DIGITS),
            "guessing": round(float(parameters.guessing[i]), DIGITS),
            "calibration": {
                "answers": int(self.found.answers[i]),
                "difficulty_error": round(float(errors.difficulty[i]), DIGITS),
                "discrimination_error": round(float(errors.discrimination[i]), DIGITS),
                "guessing_error": round(float(errors.guessing[i]), DIGITS),
                "drifted": bool(drift.drifted[i]),
                "p_value": float(f"{drift.p_value[i]:.3g}"),
                "curve_change": round(float(drift.curve_change[i]), DIGITS),
            },
        }


def estimate(recorded: Recorded, budget: Budget | None = None) -> Estimates:
    """Calibrate a pool from its record, within a budget of seconds."""
    items, pool = recorded.items, recorded.pool
    concepts = np.reshape([item.concepts for item in items], (len(items), pool.concept_count))
    start = pool.prior_covariance
    found = calibrate(
        recorded.answers.person,
        np.searchsorted([item.position for item in items], recorded.answers.position),
        recorded.answers.correct,
        origin=_parameters(
            concepts,
            [i.written_difficulty for i in items],
            [i.written_discrimination for i in items],
            [i.written_guessing for i in items],
        ),
        current=_parameters(
            concepts,
            [i.difficulty for i in items],
            [i.discrimination for i in items],
            [i.guessing for i in items],
        ),
        correlation=None
        if start is None
        else _correlation(np.reshape(start, concepts.shape[1:] * 2)),
        budget=budget,
    )
    return Estimates(found, items, recorded.answers.recorded)


def _parameters(
    concepts: NDArray[np.float64],
    difficulty: list[float],
    discrimination: list[float],
    guessing: list[float],
) -> ItemParameters:
    return ItemParameters(concepts, difficulty, discrimination, np.minimum(guessing, MOST_GUESSING))


def _correlation(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    deviation = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(deviation, deviation))


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), DIGITS) for value in values]
