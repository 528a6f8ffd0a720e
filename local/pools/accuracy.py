"""Accuracy of a pool in a simulation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]


@dataclass(frozen=True)
class PoolAccuracy:
    """Accuracy of simulated tests, for m groups of students and t lengths of the test.

    Attributes:
        groups: Names of the groups: abilities, equal in every concept, then the population.
        lengths: Numbers of answers, shape (t,).
        rmse, bias, predicted: Root mean square error, mean error, and the error that the posteriors
            predict, each in standard deviations of ability, shape (m, t).
        coverage: Share of 95 % intervals that contain the true ability, shape (m, t).
        exposure: Share of the students who saw each of the n gradable items within each length,
            shape (m, t, n).
        limit: Greatest exposure that the pool's settings allow; 1 for no limit.
        students: Number of students in each group.
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
