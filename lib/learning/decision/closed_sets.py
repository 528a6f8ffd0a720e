"""Sets of topics that are closed under prerequisites; pure.

The closed set of a topic is the topic with everything that has to be learned before it: its unmet
prerequisites, their unmet prerequisites, and so on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.memory import FloatArray
from lib.learning.decision.topic_graph import TopicGraph

BITS_PER_BYTE = 8


@dataclass(frozen=True)
class ClosedSets:
    """Study that is missing before each topic."""

    missing: NDArray[np.bool_]
    """Whether the column's topic has to be learned before the row's topic, shape (n, n)."""
    is_complete: NDArray[np.bool_]
    """Topics before which nothing is missing, shape (n,)."""

    def totals(self, amounts: FloatArray) -> FloatArray:
        """Return the sum of an amount over what is missing before each topic.

        Args:
            amounts: Shape (n, columns).
        """
        rows = np.flatnonzero(~self.is_complete)
        sums = np.zeros(amounts.shape)
        sums[rows] = self.missing[rows].astype(np.float32) @ amounts.astype(np.float32)
        return sums

    def best_for_roots(self, scores: FloatArray) -> tuple[FloatArray, NDArray[np.intp]]:
        """Return, for each complete topic, the best topic that it leads to: its score and position.

        A topic that leads nowhere has -inf, and its own position.

        Args:
            scores: Score of learning each topic with all that is missing before it, shape (n,).
        """
        best = np.full(len(scores), -np.inf)
        target = np.arange(len(scores))
        rows, roots = np.flatnonzero(~self.is_complete), np.flatnonzero(self.is_complete)
        if rows.size and roots.size:
            through = np.where(self.missing[np.ix_(rows, roots)], scores[rows, None], -np.inf)
            best[roots] = through.max(axis=0)
            target[roots] = np.where(best[roots] > -np.inf, rows[through.argmax(axis=0)], roots)
        return best, target


def closed_sets(graph: TopicGraph, gate: FloatArray, lowest: float = 0.0) -> ClosedSets:
    """Return the closed set of each topic, without the topic itself.

    Args:
        graph: The topics.
        gate: Mastery that is compared with the minimum of each requirement, 0 to 1, shape (n,).
        lowest: Smallest minimum, 0 to 1; smaller ones are raised to it.
    """
    size = len(graph.ids)
    missing = [0] * size
    mastery = gate.tolist()
    for topic in graph.order:
        bits = 0
        for prerequisite, minimum in graph.prerequisites[topic]:
            if mastery[prerequisite] < max(minimum, lowest):
                bits |= missing[prerequisite] | 1 << prerequisite
        missing[topic] = bits
    width = -(-size // BITS_PER_BYTE)
    packed = np.frombuffer(b"".join(each.to_bytes(width, "little") for each in missing), np.uint8)
    matrix = np.unpackbits(packed.reshape(size, width), axis=1, count=size, bitorder="little")
    return ClosedSets(matrix.view(np.bool_), np.array([each == 0 for each in missing], dtype=bool))
