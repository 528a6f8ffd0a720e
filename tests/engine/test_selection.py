"""The shortlist: the cheap bound holds, and the item selected is the exact rule's choice."""

import numpy as np
import pytest

from lib.engine import ItemBank, Posterior, explain, gains, select, update
from lib.engine.selection.item_values import rule_values
from lib.engine.selection.upper_bounds import bounds_by_block, sorted_items, value_bounds


def bank_at(s: np.ndarray, v: float, c: float) -> tuple[Posterior, ItemBank]:
    """Return a posterior and items whose logits a · θ + d have the means s and the variance v."""
    return Posterior.prior(1), ItemBank(np.full((len(s), 1), v**0.5), s, c)


@pytest.mark.parametrize("c", [0.0, 0.1, 0.25, 0.5, 0.9])
def test_the_bound_is_never_below_the_integral_and_tight_at_the_best(c: float) -> None:
    for v in np.geomspace(1e-3, 100, 40):
        s = np.linspace(-1, 1, 401) * min(30.0, 8 * (1 + v) ** 0.5)
        state, bank = bank_at(s, float(v), c)
        ordered = sorted_items(bank)
        bound = np.empty(len(s))
        bound[ordered.order] = value_bounds(state, ordered)
        value = gains(state, bank, np.arange(len(s)))
        assert (bound >= value * (1 - 1e-9)).all(), v
        best = int(np.argmax(value))
        assert value[best] >= 0.92 * bound[best]


def random_bank(rng: np.random.Generator, n: int, k: int, c: float) -> ItemBank:
    slopes = rng.normal(size=(n, k)) * rng.lognormal(0, 0.5, (n, 1))
    return ItemBank(slopes, rng.normal(size=n) * 2, c)


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("c", [0.0, 0.3])
def test_selection_agrees_with_integrating_every_item(k: int, c: float) -> None:
    rng = np.random.default_rng(k)
    bank = random_bank(rng, 12_000, k, c)
    state, weights = Posterior.prior(k), rng.random(k)
    available = rng.random(12_000) < 0.7
    for _ in range(6):
        value = np.where(available, gains(state, bank, np.arange(12_000), weights=weights), -1)
        item = select(state, bank, available, weights=weights)
        assert item == np.argmax(value)
        available[item] = False
        state = update(state, bank, item, bool(rng.random() < 0.5))


def test_first_block_rules_out_the_rest_of_a_large_bank() -> None:
    rng = np.random.default_rng(1)
    bank = ItemBank(rng.lognormal(0.5, 0.3, (50_000, 1)), rng.normal(size=50_000))
    blocks = bounds_by_block(Posterior.prior(1), sorted_items(bank))
    _, bound, ceiling = next(blocks)
    assert len(bound) == 4096
    assert ceiling < 0.93 * np.max(bound)  # _SHORTLIST_SHARE: later blocks are not evaluated


def test_no_item_exceeds_the_ceiling_of_later_blocks() -> None:
    rng = np.random.default_rng(2)
    bank = random_bank(rng, 20_000, 4, 0.1)
    state = Posterior.prior(4, rng.normal(size=4), np.diag([1.0, 0.5, 0.2, 2.0]))
    blocks = list(bounds_by_block(state, sorted_items(bank)))
    assert sum(len(items) for items, _, _ in blocks) == 20_000
    for i, (_, _, ceiling) in enumerate(blocks[:-1]):
        assert max(float(np.max(bound)) for _, bound, _ in blocks[i + 1 :]) <= ceiling


def test_available_items_may_be_a_mask_indices_or_none() -> None:
    rng = np.random.default_rng(3)
    bank = random_bank(rng, 600, 2, 0.0)
    state = Posterior.prior(2)
    mask = rng.random(600) < 0.6
    expected = select(state, bank, mask)
    indices = np.flatnonzero(mask)
    assert select(state, bank, indices) == expected
    assert select(state, bank, rng.permutation(indices).tolist()) == expected
    assert mask[expected]
    few_items = rng.permutation(600)[:20]
    expected_item = few_items[np.argmax(gains(state, bank, few_items))]
    assert select(state, bank, few_items) == expected_item
    assert select(state, bank) == np.argmax(gains(state, bank, np.arange(600)))


def test_unavailable_and_unknown_items_are_refused() -> None:
    bank = ItemBank([[1.0]] * 3)
    state = Posterior.prior(1)
    for no_items in (np.array([], int), np.zeros(3, bool)):
        with pytest.raises(ValueError, match="no item"):
            select(state, bank, no_items)
    with pytest.raises(IndexError):
        select(state, bank, [3])
    with pytest.raises(ValueError, match="mask"):
        select(state, bank, np.ones(4, bool))
    with pytest.raises(IndexError):
        update(state, bank, 3, correct=True)
    for item in (-1, 3):
        with pytest.raises(IndexError):
            explain(state, bank, item)
    with pytest.raises(ValueError, match="concepts"):
        update(Posterior.prior(2), bank, 0, correct=True)
    with pytest.raises(ValueError, match="concepts"):
        select(Posterior.prior(2), bank)
    with pytest.raises(ValueError, match="best"):
        select(state, bank, best=0)


def test_items_that_measure_nothing_can_still_be_asked() -> None:
    bank = ItemBank(np.zeros((5, 2)))
    assert select(Posterior.prior(2), bank, [False, True, True, False, True]) == 1
    after = update(Posterior.prior(2), bank, 0, correct=True)
    assert after.mean == pytest.approx([0.0, 0.0], abs=1e-9)
    assert np.diagonal(after.covariance) == pytest.approx([1.0, 1.0], abs=1e-9)


def test_random_choice_covers_exactly_the_best_items() -> None:
    rng = np.random.default_rng(4)
    bank = random_bank(rng, 5000, 2, 0.2)
    state = Posterior.prior(2)
    value = gains(state, bank, np.arange(5000))
    selected = {select(state, bank, rng=rng, best=5) for _ in range(200)}
    assert selected == set(np.argsort(-value)[:5].tolist())
    selected_within_loss = {select(state, bank, rng=rng, best=50, loss=0.1) for _ in range(300)}
    assert np.min(value[list(selected_within_loss)]) >= 0.9 * np.max(value)
    assert len(selected_within_loss) > 1


def test_equal_generators_select_the_same_items() -> None:
    bank = random_bank(np.random.default_rng(5), 500, 2, 0.0)
    choices = [
        [select(Posterior.prior(2), bank, rng=rng, best=8) for _ in range(5)]
        for rng in (np.random.default_rng(9), np.random.default_rng(9))
    ]
    assert choices[0] == choices[1]
    with pytest.raises(ValueError, match="random generator"):
        select(Posterior.prior(2), bank, best=2)


def test_values_in_chunks_agree_with_values_of_single_items() -> None:
    rng = np.random.default_rng(6)
    s, v = rng.normal(size=9000) * 2, rng.gamma(2, size=9000)
    c, sensitivity = np.full(9000, 0.2), np.ones(9000)
    all_values = rule_values("variance", s, v, c, sensitivity)
    for i in (0, 4095, 4096, 8999):
        own_value = rule_values("variance", s[[i]], v[[i]], c[[i]], sensitivity[[i]])
        assert all_values[i] == pytest.approx(own_value[0], rel=1e-5)
