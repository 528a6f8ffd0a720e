"""The figures of a simulation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Accuracy of a pool.

    Attributes:
        groups: Abilities, the same in every concept; then everybody, drawn from the population.
        lengths: Numbers of answers, shape (t,).
        rmse, bias, predicted: Standard deviations of ability, shape (m, t).
        coverage: Share of 95 % intervals that hold the truth, shape (m, t).
        exposure: Share of the students who saw each item within each length, shape (m, t, n), of
            the n that can be asked.
        limit: On exposure, as the pool's settings have it; 1: none.
        students: Of each group.
    """

    groups: list[str]
    lengths: list[int]
    rmse: Table
    bias: Table
    predicted: Table
    coverage: Table
    exposure: Table
    limit: float
    students: int
