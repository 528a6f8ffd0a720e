"""Simulated students: what a bank and a set of rules can measure.

Of the engine alone. What a pool of the service measures under its own settings is another
question, which `make simulate` answers with the service's functions.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.engine.bank import ItemBank
from lib.engine.normal import FloatArray
from lib.engine.posterior.posterior import Posterior, update
from lib.engine.selection.content_balance import balanced
from lib.engine.selection.explanation import expected_share
from lib.engine.selection.exposure_control import ExposureControl
from lib.engine.selection.item_values import Rule
from lib.engine.selection.selection import select
from lib.engine.stopping import StopRules, stop

Z95 = 1.959963984540054
"""Φ⁻¹(0.975)."""


@dataclass(frozen=True, eq=False, slots=True)
class Design:
    """How a test is run.

    Attributes:
        stop: When it ends.
        rule: What an item is worth.
        weights: How much each concept's variance counts, shape (k,).
        best: See `select`.
        loss: See `select`.
        targets: Content balance, shape (k,); none when None.
        exposure: Exposure control before the first test; none when None. Each level of ability
            has its own limit and its own draw, and the counts are updated after every test. (The
            service also limits all levels together, draws once per session, and counts nightly.)
    """

    stop: StopRules = field(default_factory=StopRules)
    rule: Rule = "variance"
    weights: ArrayLike | None = None
    best: int = 1
    loss: float = 1.0
    targets: ArrayLike | None = None
    exposure: ExposureControl | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Simulation:
    """What happened to m students in tests of at most t questions.

    Attributes:
        theta: True abilities, shape (m, k).
        mean: Posterior means before the first answer and after each, shape (m, t + 1, k); after
            the end of a test its last values stand.
        variance: Posterior variances, likewise.
        items: Shape (m, t), -1 after the end.
        length: Shape (m,).
        bank_size: n.
    """

    theta: FloatArray
    mean: FloatArray
    variance: FloatArray
    items: NDArray[np.intp]
    length: NDArray[np.intp]
    bank_size: int

    @property
    def rmse(self) -> FloatArray:
        """Root mean squared error by number of answers, over students and concepts; (t + 1,)."""
        return np.asarray(np.sqrt(np.square(self._error).mean(axis=(0, 2))))

    @property
    def bias(self) -> FloatArray:
        """Mean error by number of answers, shape (t + 1,)."""
        return np.asarray(self._error.mean(axis=(0, 2)))

    @property
    def coverage(self) -> FloatArray:
        """Share of 95 % intervals that hold the truth, by number of answers, shape (t + 1,)."""
        inside = np.abs(self._error) <= Z95 * np.sqrt(self.variance)
        return np.asarray(inside.mean(axis=(0, 2)))

    @property
    def error_ratio(self) -> FloatArray:
        """Real over predicted root mean squared error by number of answers, shape (t + 1,)."""
        return np.asarray(self.rmse / np.sqrt(self.variance.mean(axis=(0, 2))))

    @property
    def exposure(self) -> FloatArray:
        """Share of the students who saw each item, shape (n,)."""
        shown = np.bincount(self.items[self.items >= 0], minlength=self.bank_size)
        return np.asarray(shown / len(self.theta))

    @property
    def _error(self) -> FloatArray:
        return self.mean - self.theta[:, None, :]


def simulate(
    bank: ItemBank,
    theta: ArrayLike,
    rng: np.random.Generator,
    design: Design | None = None,
    *,
    prior: Posterior | None = None,
    answers: NDArray[np.bool_] | None = None,
) -> Simulation:
    """Give a test to simulated students, one after the other.

    Args:
        bank: The items.
        theta: True abilities, shape (m, k).
        rng: Draws answers and choices.
        design: How the test is run; 20 questions by the default rule when None.
        prior: Where every student starts; N(0, I) when None.
        answers: Each student's answer to each item, shape (m, n); drawn from the model when None.
            Give the same array to compare designs on the same answers.
    """
    truth = np.array(theta, float, ndmin=2)
    how = Design() if design is None else design
    start = Posterior.prior(bank.concepts) if prior is None else prior
    most = min(how.stop.max_questions, len(bank))
    mean = np.empty((len(truth), most + 1, bank.concepts))
    variance = np.empty_like(mean)
    items = np.full((len(truth), most), -1)
    control = how.exposure
    for i, student in enumerate(truth):
        given = None if answers is None else answers[i]
        path, control = _one_test(bank, student, start, how, control, rng, given)
        for t in range(most + 1):
            state = path[min(t, len(path) - 1)]
            mean[i, t], variance[i, t] = state.mean, state.variance
        items[i, : path[-1].answered] = path[-1].items
    length = (items >= 0).sum(axis=1)
    return Simulation(truth, mean, variance, items, length, len(bank))


def _one_test(
    bank: ItemBank,
    theta: FloatArray,
    start: Posterior,
    how: Design,
    control: ExposureControl | None,
    rng: np.random.Generator,
    answers: NDArray[np.bool_] | None,
) -> tuple[list[Posterior], ExposureControl | None]:
    """Return every posterior of one test, and the exposure control after it."""
    path, levels = [start], list[int]()
    unasked = np.ones(len(bank), bool)
    drawn = None if control is None else control.draw(rng)
    while unasked.any():
        state = path[-1]
        available = unasked
        if control is not None and drawn is not None:
            levels.append(control.level(state))
            eligible = unasked & drawn[levels[-1]]
            available = eligible if eligible.any() else unasked
        if how.targets is not None:
            available = balanced(bank, available, state.items, how.targets)
        item = select(
            state, bank, available, how.rule, rng, weights=how.weights, best=how.best, loss=how.loss
        )
        gain = expected_share(state, bank, item) if how.stop.minimum_gain > 0 else None
        if stop(state, how.stop, tested=bank.measured.astype(bool), gain=gain):
            break
        unasked[item] = False
        chance = bank.probability(theta, [item])[0]
        right = rng.random() < chance if answers is None else bool(answers[item])
        path.append(update(state, bank, item, bool(right)))
    if control is not None and drawn is not None:
        control = control.record(drawn, path[-1].items, levels[: path[-1].answered])
    return path, control
