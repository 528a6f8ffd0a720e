"""Logistic regression with a ridge penalty on many columns, most of them sparse."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEWTON_STEPS = 8
CONJUGATE_STEPS = 20
"""Steps of conjugate gradients with which each Newton step is solved."""
RESIDUAL = 1e-3
"""Relative squared residual at which a Newton step counts as solved."""
SMALLEST_GRADIENT = 1e-7
"""Squared, scaled gradient, divided by the number of rows, below which the fit ends."""
LARGEST_LOGIT = 30.0


@dataclass(frozen=True)
class Design:
    """Rows of features: dense columns first, then the entries of sparse ones."""

    dense: FloatArray
    """Shape (n, m)."""
    row: IntArray
    """Row of each entry, shape (e,)."""
    column: IntArray
    """Sparse column of each entry, from 0, shape (e,)."""
    value: FloatArray
    """Shape (e,)."""
    columns: int
    """Number of sparse columns."""

    def times(self, weights: FloatArray) -> FloatArray:
        """Return the logit of each row, shape (n,), for weights of shape (m + columns,)."""
        m = self.dense.shape[1]
        entries = weights[m:][self.column] * self.value
        logits: FloatArray = self.dense @ weights[:m]
        logits += np.bincount(self.row, entries, len(logits))
        return logits

    def transposed_times(self, rows: FloatArray) -> FloatArray:
        """Return, for each column, the sum of its entries times the values of their rows.

        Shape (m + columns,).
        """
        sparse = np.bincount(self.column, self.value * rows[self.row], self.columns)
        return np.concatenate([self.dense.T @ rows, sparse])

    def squared_sums(self, rows: FloatArray) -> FloatArray:
        """Return, for each column, the sum of its squared entries times the values of their rows.

        Shape (m + columns,).
        """
        sparse = np.bincount(self.column, self.value**2 * rows[self.row], self.columns)
        return np.concatenate([np.einsum("ij,ij,i->j", self.dense, self.dense, rows), sparse])


def sigmoid(logits: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-logits))."""
    result: FloatArray = 1 / (1 + np.exp(-np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)))
    return result


def regress(design: Design, outcomes: FloatArray, penalty: FloatArray) -> FloatArray:
    """Return the weights that maximise the penalised likelihood, by truncated Newton steps.

    Args:
        design: The features.
        outcomes: 1 or 0 for each row, shape (n,).
        penalty: Precision of each weight's normal prior around 0, shape (m + columns,); above 0.

    Source: Nash (2000), a survey of truncated-Newton methods.
    """
    weights = np.zeros(len(penalty))
    for _ in range(NEWTON_STEPS):
        expected = sigmoid(design.times(weights))
        gradient = design.transposed_times(expected - outcomes) + penalty * weights
        curvature = expected * (1 - expected)
        scale = design.squared_sums(curvature) + penalty
        if gradient @ (gradient / scale) < SMALLEST_GRADIENT * len(outcomes):
            break
        weights = weights + _newton_step(design, curvature, penalty, scale, gradient)
    return weights


def _newton_step(
    design: Design,
    curvature: FloatArray,
    penalty: FloatArray,
    scale: FloatArray,
    gradient: FloatArray,
) -> FloatArray:
    """Solve Hessian times step = -gradient by conjugate gradients, scaled by the diagonal."""
    step, remainder = np.zeros(len(gradient)), -gradient
    scaled = remainder / scale
    direction, square = scaled.copy(), float(remainder @ scaled)
    first = square
    for _ in range(CONJUGATE_STEPS):
        product = design.transposed_times(curvature * design.times(direction)) + penalty * direction
        length = square / float(direction @ product)
        step += length * direction
        remainder -= length * product
        scaled = remainder / scale
        previous, square = square, float(remainder @ scaled)
        if square < RESIDUAL * first:
            break
        direction = scaled + (square / previous) * direction
    return step
