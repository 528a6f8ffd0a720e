"""Estimates of item parameters, as the rows of a pool's next version."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.assessment.calibration.store import CalibrationData, ItemRow
from lib.engine.calibration import Budget, Calibration, ItemParameters, calibrate
from lib.engine.calibration.parameters import MAX_GUESSING

DECIMALS = 6
"""Decimals of stored estimates."""
MAX_NAMED = 1_000
"""Maximum number of drifted questions named in a report; every item's row has its flag."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """A calibration and the items that it estimates."""

    calibration: Calibration
    items: list[ItemRow]
    recorded_count: int
    """Number of answers recorded in tests that train the pool, used or not."""

    @property
    def drifted(self) -> list[str]:
        """The first `MAX_NAMED`, by p-value, of the questions that changed by more than chance."""
        flagged = np.flatnonzero(self.calibration.drift.drifted)
        ordered = flagged[np.argsort(self.calibration.drift.p_value[flagged], kind="stable")]
        return [self.items[i].question_id for i in ordered[:MAX_NAMED]]

    @property
    def drift_share(self) -> float:
        """Share of drifted questions among those with answers."""
        drifted, answered = self.calibration.drift.drifted, self.calibration.answers > 0
        return int(drifted.sum()) / max(int(answered.sum()), 1)

    @property
    def prior_covariance(self) -> list[float]:
        """Correlation matrix of the abilities, k * k numbers row by row."""
        return _rounded(self.calibration.correlation.ravel())

    def report(self) -> dict[str, Any]:
        """Return the facts about the fit as a whole that the version stores."""
        return {
            "recorded": self.recorded_count,
            "answers": int(self.calibration.answers.sum()),
            "people": self.calibration.people,
            "questions": int((self.calibration.answers > 0).sum()),
            "log_likelihood": round(self.calibration.log_likelihood, 3),
            "rounds": self.calibration.rounds,
            "settled": self.calibration.converged,
            "furthest_move": round(self.calibration.furthest_move, DECIMALS),
            "drifted": self.drifted,
            "people_mean": _rounded(self.calibration.drift.shift),
            "people_deviation": _rounded(self.calibration.drift.stretch),
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return the new parameters of every question with answers."""
        return [self._row(int(i)) for i in np.flatnonzero(self.calibration.answers)]

    def _row(self, i: int) -> dict[str, Any]:
        parameters, errors, drift = (
            self.calibration.parameters,
            self.calibration.errors,
            self.calibration.drift,
        )
        return {
            "position": self.items[i].position,
            "difficulty": round(float(parameters.difficulty[i]), DECIMALS),
            "discrimination": round(float(parameters.discrimination[i]), DECIMALS),
            "guessing": round(float(parameters.guessing[i]), DECIMALS),
            "calibration": {
                "answers": int(self.calibration.answers[i]),
                "difficulty_error": round(float(errors.difficulty[i]), DECIMALS),
                "discrimination_error": round(float(errors.discrimination[i]), DECIMALS),
                "guessing_error": round(float(errors.guessing[i]), DECIMALS),
                "drifted": bool(drift.drifted[i]),
                "p_value": float(f"{drift.p_value[i]:.3g}"),
                "curve_change": round(float(drift.curve_change[i]), DECIMALS),
            },
        }


def estimate(data: CalibrationData, budget: Budget | None = None) -> Estimates:
    """Calibrate a pool from its recorded answers within a time budget (None: without a limit)."""
    items, pool = data.items, data.pool
    concepts = np.reshape([item.concepts for item in items], (len(items), pool.concept_count))
    covariance = pool.prior_covariance
    calibration = calibrate(
        data.answers.person,
        np.searchsorted([item.position for item in items], data.answers.position),
        data.answers.correct,
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
        if covariance is None
        else _correlation(np.reshape(covariance, concepts.shape[1:] * 2)),
        budget=budget,
    )
    return Estimates(calibration, items, data.answers.recorded_count)


def _parameters(
    concepts: NDArray[np.float64],
    difficulty: list[float],
    discrimination: list[float],
    guessing: list[float],
) -> ItemParameters:
    return ItemParameters(
        concepts=concepts,
        difficulty=difficulty,
        discrimination=discrimination,
        guessing=np.minimum(guessing, MAX_GUESSING),
    )


def _correlation(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    deviation = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(deviation, deviation))


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]
