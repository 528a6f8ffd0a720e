"""Simulated tests, to study how well a bank and a set of rules measure.

This simulates the engine alone. `make simulate` simulates a pool under the service's settings, with
the service's own functions.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .bank import ItemBank
from .checks import finite, mask
from .normal import FloatArray
from .posterior.posterior import Posterior, update
from .selection.content_balance import balanced
from .selection.explanation import expected_share
from .selection.exposure_control import ExposureControl
from .selection.item_values import Rule
from .selection.selection import select
from .stopping import StopRules, stop

Z95 = 1.959963984540054
"""Half-width of a 95 % interval in standard deviations, Φ⁻¹(0.975)."""


@dataclass(frozen=True, eq=False, slots=True)
class Design:
    """The rules of a simulated test.

    Attributes:
        stop: Stop rules.
        rule: Selection rule; see `select`.
        weights: Weight of each concept's variance, shape (k,); equal when None.
        best: Number of best items to choose among; see `select`.
        loss: Largest relative loss of value by that choice; see `select`.
        targets: Target share of each concept, shape (k,); no content balance when None.
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
    """Results of simulated tests of m students with at most t questions each.

    Attributes:
        theta: True abilities, shape (m, k).
        mean: Posterior means before the first answer and after each, shape (m, t + 1, k); after
            the end of a test its last values are repeated.
        variance: Posterior variances, of the same shape and with the same repetition.
        items: Index of each item, shape (m, t); -1 after the end of a test.
        length: Number of answers of each student, shape (m,).
        bank_size: Number of items in the bank, n.
    """

    theta: FloatArray
    mean: FloatArray
    variance: FloatArray
    items: NDArray[np.intp]
    length: NDArray[np.intp]
    bank_size: int

    @property
    def rmse(self) -> FloatArray:
        """Root mean squared error over students and concepts, by number of answers, (t + 1,)."""
        return np.asarray(np.sqrt(np.square(self._error).mean(axis=(0, 2))))

    @property
    def bias(self) -> FloatArray:
        """Mean error over students and concepts, by number of answers, shape (t + 1,)."""
        return np.asarray(self._error.mean(axis=(0, 2)))

    @property
    def coverage(self) -> FloatArray:
        """Share of 95 % intervals that contain the truth, by number of answers, shape (t + 1,)."""
        inside = np.abs(self._error) <= Z95 * np.sqrt(self.variance)
        return np.asarray(inside.mean(axis=(0, 2)))

    @property
    def error_ratio(self) -> FloatArray:
        """Actual over predicted root mean squared error, by number of answers, shape (t + 1,)."""
        return np.asarray(self.rmse / np.sqrt(self.variance.mean(axis=(0, 2))))

    @property
    def exposure(self) -> FloatArray:
        """Share of the students who saw each item, shape (n,)."""
        counts = np.bincount(self.items[self.items >= 0], minlength=self.bank_size)
        return np.asarray(counts / len(self.theta))

    @property
    def _error(self) -> FloatArray:
        return self.mean - self.theta[:, None, :]


def simulate(
    bank: ItemBank,
    theta: ArrayLike,
    rng: "np.random.Generator",
    design: Design | None = None,
    *,
    prior: Posterior | None = None,
    answers: NDArray[np.bool_] | None = None,
) -> Simulation:
    """Simulate the tests of several students, one after the other.

    Args:
        bank: The items.
        theta: True abilities, shape (m, k).
        rng: Random generator for answers and choices.
        design: Rules of the test; 20 questions by the default rule when None.
        prior: Prior of every student; N(0, I) when None.
        answers: Each student's answer to each item, shape (m, n); drawn from the model when None.
            Passing the same array compares designs on the same answers; an array drawn from
            another bank shows the effect of errors in the parameters.

    Raises:
        ValueError: If `theta` is not finite, or `answers` has another type or shape.

    Warns:
        UserWarning: If no selection can keep the exposure below its limit, because each test asks a
            larger share of the bank than the limit.
    """
    truth = np.array(finite("theta", theta), ndmin=2)
    if answers is not None:
        mask("answers", answers.ravel(), len(truth) * len(bank))
    design = Design() if design is None else design
    start = Posterior.prior(bank.concepts) if prior is None else prior
    max_length = min(design.stop.max_questions, len(bank))
    if design.exposure is not None and design.exposure.max_rate < max_length / len(bank):
        warnings.warn(
            f"max_rate {design.exposure.max_rate:g} cannot be kept by tests of length"
            f" {max_length} on a bank of size {len(bank)}; the mean exposure is"
            f" {max_length / len(bank):.3g}",
            stacklevel=2,
        )
    mean = np.empty((len(truth), max_length + 1, bank.concepts))
    variance = np.empty_like(mean)
    items = np.full((len(truth), max_length), -1)
    control = design.exposure
    for i, abilities in enumerate(truth):
        own_answers = None if answers is None else answers[i]
        path, control = _one_test(bank, abilities, start, design, control, rng, own_answers)
        for t in range(max_length + 1):
            state = path[min(t, len(path) - 1)]
            mean[i, t], variance[i, t] = state.mean, state.variance
        items[i, : path[-1].answer_count] = path[-1].items
    length = (items >= 0).sum(axis=1)
    return Simulation(
        theta=truth,
        mean=mean,
        variance=variance,
        items=items,
        length=length,
        bank_size=len(bank),
    )


def _one_test(
    bank: ItemBank,
    theta: FloatArray,
    start: Posterior,
    design: Design,
    control: ExposureControl | None,
    rng: "np.random.Generator",
    answers: NDArray[np.bool_] | None,
) -> tuple[list[Posterior], ExposureControl | None]:
    """Return all posteriors of one test, and the exposure control after it."""
    path, levels = [start], list[int]()
    unasked = np.ones(len(bank), bool)
    eligible_by_level = None if control is None else control.draw(rng)
    while unasked.any():
        state = path[-1]
        available = unasked
        if control is not None and eligible_by_level is not None:
            levels.append(control.level(state))
            eligible = unasked & eligible_by_level[levels[-1]]
            available = eligible if eligible.any() else unasked
        if design.targets is not None:
            available = balanced(bank, available, state.items, design.targets)
        item = select(
            state,
            bank,
            available,
            design.rule,
            rng,
            weights=design.weights,
            best=design.best,
            loss=design.loss,
        )
        gain = expected_share(state, bank, item) if design.stop.minimum_gain > 0 else None
        if stop(state, design.stop, tested=bank.measured.astype(bool), gain=gain):
            break
        unasked[item] = False
        probability = bank.probability(theta, [item])[0]
        right = rng.random() < probability if answers is None else bool(answers[item])
        path.append(update(state, bank, item, bool(right)))
    if control is not None and eligible_by_level is not None:
        control = control.record(eligible_by_level, path[-1].items, levels[: path[-1].answer_count])
    return path, control
