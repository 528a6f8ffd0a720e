"""The posterior standard deviation that a test with the items of a bank can reach."""

import numpy as np
from numpy.typing import ArrayLike

from .bank import ItemBank
from .checks import finite, mask, whole
from .normal import FloatArray
from .selection.item_values import fisher_information


def reachable_deviation(
    bank: ItemBank, abilities: ArrayLike, available: ArrayLike, questions: int
) -> FloatArray:
    """Return the posterior standard deviation of each concept after the best questions on it.

    The examinee has the same ability in all concepts, and the test asks the available items that
    are most informative about one concept at that ability. The deviation is then
    1 / √(1 + Σ a² I), with the population's variance of 1 before the test.

    Args:
        bank: Items with k concepts.
        abilities: Values of θ, shape (m,).
        available: Whether an item may be asked, shape (n,).
        questions: Number of questions of the test.

    Returns:
        Posterior standard deviations on the latent scale, shape (k, m); 1 for a concept that no
        item measures.

    Raises:
        ValueError: If an ability is not finite, `available` is not a mask, or `questions` is not a
            count.
    """
    theta = finite("abilities", abilities)
    usable = np.flatnonzero(mask("available", available, len(bank)))
    whole("questions", questions)
    slopes, guessing = bank.slopes[usable], bank.guessing[usable]
    distance = np.outer(slopes.sum(axis=1), theta) + bank.intercepts[usable, None]
    information = fisher_information(distance, guessing[:, None])
    deviations = np.ones((bank.concepts, len(theta)))
    for concept in range(bank.concepts):
        weighted = np.square(slopes[:, concept, None]) * information
        best = np.sort(weighted, axis=0)[::-1][:questions]
        deviations[concept] = 1 / np.sqrt(1 + best.sum(axis=0))
    return deviations
