"""The engine's bank of a pool: the parameters, with errors of difficulty and discrimination."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lib.assessment.pools.selection_settings import Selection
from lib.assessment.pools.store import ItemRow
from lib.engine import ItemBank
from lib.engine.bank import DIFFICULTY_MARGIN
from lib.engine.normal import normal_quantile

FloatArray = NDArray[np.float64]

LARGEST_ERRORS = (1.0, 0.4)
"""Largest standard errors of b and log discrimination that are taken from a calibration: the widths
of its priors (`lib.engine.calibration.Shrinkage`), which the answers can only narrow."""


def build_bank(items: Sequence[ItemRow], concept_count: int, selection: Selection) -> ItemBank:
    """Return the bank, in which uncertain parameters make a question less informative."""
    location_error, log_slope_error = errors(items, selection)
    return ItemBank.from_questions(
        concept_rows(items, concept_count),
        [i.difficulty for i in items],
        [i.discrimination for i in items],
        [i.guessing for i in items],
        location_error=location_error,
        log_slope_error=log_slope_error,
    )


def concept_rows(items: Sequence[ItemRow], concept_count: int) -> FloatArray:
    """Return the Q-matrix, shape (n, k)."""
    return np.array([i.concepts for i in items], float).reshape(len(items), concept_count)


def errors(items: Sequence[ItemRow], selection: Selection) -> tuple[FloatArray, FloatArray]:
    """Return the deviations of b and of log discrimination, each of shape (n,).

    A calibrated question has the standard errors of its calibration, which are stored on the
    authors' scale; the delta method converts them to the latent one. Any other question has the
    deviations of the pool's settings.
    """
    difficulty = np.array([i.difficulty for i in items])
    discrimination = np.array([i.discrimination for i in items])
    b = normal_quantile(np.clip(difficulty, DIFFICULTY_MARGIN, 1 - DIFFICULTY_MARGIN))
    density = np.exp(-0.5 * b * b) / np.sqrt(2 * np.pi)
    difficulty_error = np.array([i.difficulty_error for i in items], float)
    discrimination_error = np.array([i.discrimination_error for i in items], float)
    return (
        np.where(
            np.isnan(difficulty_error),
            selection.difficulty_error,
            np.minimum(difficulty_error / density, LARGEST_ERRORS[0]),
        ),
        np.where(
            np.isnan(discrimination_error),
            selection.discrimination_error,
            np.minimum(discrimination_error / discrimination, LARGEST_ERRORS[1]),
        ),
    )
