"""Sets of topics that are closed under prerequisites; pure.

The closed set of a topic is the topic with everything that has to be learned before it: its unmet
prerequisites, their unmet prerequisites, and so on. A topic is open when nothing is unmet.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.memory import FloatArray
from lib.learning.decision.topic_graph import TopicGraph

BITS_PER_BYTE = 8


@dataclass(frozen=True)
class ClosedSets:
    """What is missing before each topic."""

    missing: NDArray[np.float32]
    """1 where the topic of the column has to be learned before that of the row, else 0; (n, n)."""
    is_open: NDArray[np.bool_]
    """Topics without unmet prerequisites, shape (n,)."""

    def totals(self, amounts: FloatArray) -> FloatArray:
        """Return the sum of an amount over what is missing before each topic.

        Args:
            amounts: Shape (n, columns).
        """
        return (self.missing @ amounts.astype(np.float32)).astype(float)

    def best_for_roots(self, scores: FloatArray) -> tuple[FloatArray, NDArray[np.intp]]:
        """Return the best score of a topic that each open topic leads to, and its position.

        A topic that leads nowhere has -inf, and its own position.

        Args:
            scores: Score of learning each topic with all that is missing before it, shape (n,).
        """
        best = np.full(len(scores), -np.inf)
        target = np.arange(len(scores))
        rows, roots = np.nonzero(self.missing * self.is_open)
        by_score = np.argsort(scores[rows], kind="stable")
        best[roots[by_score]] = scores[rows[by_score]]  # the last, highest one stays
        target[roots[by_score]] = rows[by_score]
        return best, target


def closed_sets(graph: TopicGraph, gate: FloatArray) -> ClosedSets:
    """Return what is missing before each topic.

    Args:
        graph: The topics.
        gate: Mastery that is compared with the minimum of each requirement, 0 to 1, shape (n,).
    """
    size = len(graph.ids)
    missing = [0] * size
    mastery = gate.tolist()
    for topic in graph.order:
        bits = 0
        for prerequisite, minimum in graph.prerequisites[topic]:
            if mastery[prerequisite] < minimum:
                bits |= missing[prerequisite] | 1 << prerequisite
        missing[topic] = bits
    width = -(-size // BITS_PER_BYTE)
    packed = np.frombuffer(b"".join(each.to_bytes(width, "little") for each in missing), np.uint8)
    matrix = np.unpackbits(packed.reshape(size, width), axis=1, count=size, bitorder="little")
    return ClosedSets(matrix.astype(np.float32), np.array([each == 0 for each in missing]))
