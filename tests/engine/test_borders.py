"""Arguments of the wrong type or outside their range raise an error that names them."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from lib.engine import (
    ExposureControl,
    ItemBank,
    Posterior,
    StopRules,
    aged,
    balanced,
    gains,
    population_correlation,
    select,
    stop,
    update,
)
from lib.engine.calibration import ItemParameters, Shrinkage, calibrate
from lib.engine.fit import item_fit
from lib.engine.posterior.posterior import WIDEST_PRIOR
from lib.engine.precision import reachable_deviation
from lib.engine.simulation import Design, simulate

BANK = ItemBank([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
STATE = Posterior.prior(2)
ALL = np.ones(3, bool)
ORIGIN = ItemParameters(np.ones((2, 1)))
RNG = np.random.default_rng(1)
NAN, INF = float("nan"), float("inf")
SITES = np.array([[NAN, 0.0]], np.float16)

REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("correct", lambda: update(STATE, BANK, 0, "false")),  # type: ignore[arg-type]
    ("correct", lambda: update(STATE, BANK, 0, 1)),  # type: ignore[arg-type]
    ("correct", lambda: update(STATE, BANK, 0, NAN)),  # type: ignore[arg-type]
    ("item", lambda: update(STATE, BANK, 1.0, True)),  # type: ignore[arg-type]
    ("item", lambda: update(STATE, BANK, True, True)),
    ("correct", lambda: Posterior.of_answers(STATE, BANK, [0], ["true"])),  # type: ignore[list-item]
    ("sites", lambda: Posterior.from_sites(STATE, BANK, [0], [True], SITES)),
    ("covariance", lambda: Posterior.prior(1, covariance=[[WIDEST_PRIOR * 1.01]])),
    ("means", lambda: Posterior.prior(1, mean=[NAN])),
    ("available", lambda: select(STATE, BANK, [1.0, 0.0, 1.0])),
    ("available", lambda: select(STATE, BANK, [True, False])),
    ("available", lambda: select(STATE, BANK, ["a"])),
    ("best", lambda: select(STATE, BANK, best=1.5)),  # type: ignore[arg-type]
    ("loss", lambda: select(STATE, BANK, loss=NAN)),
    ("weights", lambda: select(STATE, BANK, weights=[1.0, -1.0])),
    ("weights", lambda: select(STATE, BANK, weights=[1.0, NAN])),
    ("weights", lambda: select(STATE, BANK, weights=[0.0, 0.0])),
    ("weights", lambda: select(STATE, BANK, weights=[1.0])),
    ("weights", lambda: gains(STATE, BANK, [0], weights=[1.0, -1.0])),
    ("items", lambda: gains(STATE, BANK, [0.5])),
    ("available", lambda: balanced(BANK, np.ones(3), [], [1.0, 1.0])),  # type: ignore[arg-type]
    ("targets", lambda: balanced(BANK, ALL, [], [1.0, INF])),
    ("asked_items", lambda: balanced(BANK, ALL, [0.5], [1.0, 1.0])),  # type: ignore[list-item]
    ("tested", lambda: stop(STATE, StopRules(), tested=[1.0, 0.0])),
    ("tested", lambda: stop(STATE, StopRules(), tested=[True])),
    ("gain", lambda: stop(STATE, StopRules(), gain=NAN)),
    ("min_questions", lambda: StopRules(min_questions=2.5)),  # type: ignore[arg-type]
    ("max_questions", lambda: StopRules(max_questions=20.0)),  # type: ignore[arg-type]
    ("max_questions", lambda: StopRules(max_questions=True)),
    ("elapsed_days", lambda: aged([0.0], [1.0], NAN)),
    ("variance", lambda: aged([0.0], [-0.1], 1.0)),
    ("mean", lambda: aged([NAN], [1.0], 1.0)),
    ("means", lambda: population_correlation([[NAN]], [[0.5]])),
    ("covariances", lambda: population_correlation([[0.0]], [[INF]])),
    ("cuts", lambda: ExposureControl.start(3, 0.2, (1.0, 0.0))),
    ("n", lambda: ExposureControl.start(3.0, 0.2)),  # type: ignore[arg-type]
    ("available", lambda: reachable_deviation(BANK, [0.0], [1, 1, 1], 5)),
    ("abilities", lambda: reachable_deviation(BANK, [NAN], ALL, 5)),
    ("questions", lambda: reachable_deviation(BANK, [0.0], ALL, 2.5)),  # type: ignore[arg-type]
    ("prediction", lambda: item_fit(2, [0], [1], [NAN])),
    ("correct", lambda: item_fit(2, [0], [0.5], [0.5])),
    ("theta", lambda: simulate(BANK, [[NAN, 0.0]], RNG)),
    ("answers", lambda: simulate(BANK, [[0.0, 0.0]], RNG, answers=np.ones((1, 3)))),  # type: ignore[arg-type]
    ("item", lambda: calibrate([0], [0.5], [1], origin=ORIGIN)),
    ("person", lambda: calibrate([0.5], [0], [1], origin=ORIGIN)),
    ("correct", lambda: calibrate([0], [0], [NAN], origin=ORIGIN)),
    # Person 3 answers item 0 twice.
    ("person and item", lambda: calibrate([3, 3, 3], [0, 1, 0], [1, 1, 0], origin=ORIGIN)),
    ("correlation", lambda: calibrate([0], [0], [1], origin=ORIGIN, correlation=[[2.0]])),
    ("plain", lambda: calibrate([0], [0], [1], origin=ORIGIN, plain=1)),  # type: ignore[arg-type]
    ("plain", lambda: calibrate([0], [0], [1], origin=ORIGIN, plain=True, shrinkage=Shrinkage())),
    ("location_sd", lambda: Shrinkage(location_sd=NAN)),
    ("correlation_people", lambda: Shrinkage(correlation_people=-1.0)),
    ("concepts", lambda: ItemParameters([[INF]])),
]


@pytest.mark.parametrize(("name", "call"), REFUSED)
def test_refused_argument_is_named(name: str, call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=rf"\b{re.escape(name)}\b"):
        call()


def test_booleans_and_integers_of_numpy_are_accepted() -> None:
    after = update(STATE, BANK, np.int64(0), np.True_)  # type: ignore[arg-type]
    assert (after.items, after.correct) == ((0,), (True,))
    assert after.mean[0] == update(STATE, BANK, 0, correct=True).mean[0]


def test_state_under_the_widest_prior_is_restored_bit_for_bit() -> None:
    bank = ItemBank([[8.5]] * 30)
    prior = Posterior.prior(1, covariance=[[WIDEST_PRIOR]])
    state = Posterior.of_answers(prior, bank, range(30), [True, False] * 15)
    restored = Posterior.from_sites(prior, bank, state.items, state.correct, state.sites)
    assert np.isfinite(state.sites).all()
    assert (restored.mean, restored.variance) == (state.mean, state.variance)
    assert abs(state.mean[0]) < 0.1


def test_rate_below_the_share_of_items_in_each_test_gives_a_warning() -> None:
    bank, theta = ItemBank([[1.0]] * 20), np.zeros((1, 1))

    def design(rate: float) -> Design:
        return Design(StopRules(max_questions=5), exposure=ExposureControl.start(20, rate))

    simulate(bank, theta, RNG, design(5 / 20))  # warnings are errors
    with pytest.warns(UserWarning, match=r"max_rate 0\.24 .* length 5 on a bank of size 20"):
        simulate(bank, theta, RNG, design(0.24))
