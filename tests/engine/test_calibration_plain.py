"""Calibration without priors against published figures, and answers that determine no slope.

Data: section 6 of the Law School Admission Test, 1,000 examinees, 5 questions (Bock & Lieberman,
1970, Psychometrika 35). The figures are the maximum of the marginal likelihood of the
two-parameter model, as the R package ltm prints them (Rizopoulos, 2006, J. Stat. Software 17(5)).
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from lib.engine.calibration import Calibration, ItemParameters, calibrate
from lib.engine.normal import LOGISTIC_SCALE

PATTERNS = """
    00000 3   00001 6   00010 2   00011 11  00100 1   00101 1   00110 3   00111 4   01000 1
    01001 8   01011 16  01101 3   01110 2   01111 15  10000 10  10001 29  10010 14  10011 81
    10100 3   10101 28  10110 15  10111 80  11000 16  11001 56  11010 21  11011 173 11100 11
    11101 61  11110 28  11111 298
"""
"""Answers to the five questions, 1 if right, and the number of examinees who gave them."""
SLOPES = [0.825, 0.723, 0.890, 0.689, 0.657]
LOG_LIKELIHOOD = -2466.653


def lsat6() -> NDArray[np.int64]:
    """Return the answers, shape (1000, 5)."""
    words = PATTERNS.split()
    rows = [[int(digit) for digit in pattern] for pattern in words[::2]]
    return np.repeat(np.array(rows), [int(count) for count in words[1::2]], axis=0)


def calibration_of(answers: NDArray[np.int64], *, plain: bool) -> Calibration:
    people, items = answers.shape
    return calibrate(
        np.repeat(np.arange(people), items),
        np.tile(np.arange(items), people),
        answers.ravel(),
        origin=ItemParameters(np.ones((items, 1)), discrimination=0.5),
        plain=plain,
    )


def test_without_priors_the_published_maximum_of_lsat6_is_found() -> None:
    answers = lsat6()
    assert answers.shape == (1000, 5)
    assert answers.sum(axis=0).tolist() == [924, 709, 553, 763, 870]
    result = calibration_of(answers, plain=True)
    assert result.converged
    assert result.log_likelihood == pytest.approx(LOG_LIKELIHOOD, abs=0.001)
    # A round that moves a slope by less than 0.005 standard errors, about 0.001, is the last.
    assert result.parameters.discrimination * LOGISTIC_SCALE == pytest.approx(SLOPES, abs=0.0015)


def test_with_priors_the_likelihood_is_below_its_maximum() -> None:
    result = calibration_of(lsat6(), plain=False)
    assert result.log_likelihood < LOG_LIKELIHOOD - 0.01


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("outcome", [0, 1])
def test_item_that_everybody_gets_right_or_wrong_keeps_its_slope(outcome: int, plain: bool) -> None:
    answers = np.column_stack([lsat6(), np.full(1000, outcome)])
    result = calibration_of(answers, plain=plain)
    assert result.converged
    assert result.parameters.discrimination[-1] == pytest.approx(0.5, rel=0.01)
    # The error is the standard deviation of the prior, or 1 if there are no priors.
    assert result.errors.log_slope[-1] == pytest.approx(1.0 if plain else 0.4, rel=0.05)
    location = result.parameters.location
    easier = location[-1] < np.min(location[:-1])
    harder = location[-1] > np.max(location[:-1])
    assert (easier, harder) == (outcome == 1, outcome == 0)
    without_last_item = calibration_of(answers[:, :-1], plain=plain)
    assert result.parameters.discrimination[:-1] == pytest.approx(
        without_last_item.parameters.discrimination, rel=0.03
    )
