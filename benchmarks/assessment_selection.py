"""Cost and effect of the selection settings, over nights of simulated students.

The benchmark calls the service's own functions without a database. Every student takes a complete
test. Every night, the benchmark counts the tests as the scheduled calibration does. Every row of
the table has the same students with the same abilities.
"""

from dataclasses import replace
from uuid import UUID, uuid4

import numpy as np

from lib.assessment.pools.eligibility import ALL_LEVELS, Eligibility
from lib.assessment.pools.exposure_counts import Counts, merge_counts
from lib.assessment.pools.item_pool import ItemPool
from lib.assessment.pools.selection_settings import Selection
from lib.assessment.pools.store import TestCount
from lib.engine import ItemBank, concept_shares
from local.pools.simulated_tests import SimulatedTest, simulate_test

ITEMS, CONCEPTS, LENGTH = 300, 3, 20
NIGHTS, STUDENTS = 4, 100
SHARES = [2.0, 1.0, 1.0]
ROWS = (
    ("no setting", Selection()),
    ("max_exposure 0.3", Selection(max_exposure=0.3)),
    ("max_exposure 0.15", Selection(max_exposure=0.15)),
    ("content_shares 2:1:1", Selection(content_shares=SHARES)),
    ("both, 0.3", Selection(max_exposure=0.3, content_shares=SHARES)),
)


def main() -> None:
    """Print one row for each setting."""
    print(f"{ITEMS} questions, {CONCEPTS} concepts, {LENGTH} per test, {STUDENTS} students a night")
    print(f"{'setting':22}  greatest exposure, by night   RMSE   ratio  share of 1st concept")
    baseline = None
    for name, selection in ROWS:
        exposures, rmse, share = _nights(_pool(selection))
        baseline = baseline or rmse
        nights = "  ".join(f"{value:5.2f}" for value in exposures)
        print(f"{name:22}  {nights:>27}  {rmse:5.3f}  {rmse / baseline:6.3f}  {share:10.2f}")


def _pool(selection: Selection) -> ItemPool:
    rng = np.random.default_rng(1)
    ids = tuple(map(str, range(ITEMS)))
    return ItemPool(
        pool_id=uuid4(),
        version=1,
        bank=ItemBank.from_questions(
            np.eye(CONCEPTS)[np.arange(ITEMS) % CONCEPTS],
            rng.uniform(0.05, 0.95, ITEMS),
            rng.lognormal(0, 0.3, ITEMS),
            0.2,
        ),
        question_ids=ids,
        positions={name: place for place, name in enumerate(ids)},
        correct_option=np.zeros(ITEMS, np.int16),
        option_count=np.full(ITEMS, 4, np.int16),
        revision=np.ones(ITEMS, np.int32),
        gradable=np.ones(ITEMS, bool),
        correlation=None,
        selection=selection,
        eligibility=Eligibility.of_counts(None, selection.max_exposure),
    )


def _nights(pool: ItemPool) -> tuple[list[float], float, float]:
    """Return each night's maximum exposure, and the last night's RMSE and first concept's share."""
    rng, counts, exposures = np.random.default_rng(2), None, list[float]()
    rmse = share = 0.0
    for _ in range(NIGHTS):
        tests, errors = _night(pool, rng)
        items = [item for test in tests for item in test.items]
        exposures.append(float(np.max(np.bincount(items))) / STUDENTS)
        rmse = float(np.sqrt(np.mean(np.square(errors))))
        share = float(concept_shares(pool.bank)[items].mean(axis=0)[0])
        if pool.eligibility is not None:
            counts = _add_tests(counts, tests, pool.selection.max_exposure)
            eligibility = Eligibility.of_counts(counts, pool.selection.max_exposure)
            pool = replace(pool, eligibility=eligibility)
    return exposures, rmse, share


def _night(pool: ItemPool, rng: np.random.Generator) -> tuple[list[SimulatedTest], np.ndarray]:
    tests, errors = list[SimulatedTest](), []
    for theta in rng.normal(size=(STUDENTS, CONCEPTS)):
        test = simulate_test(pool, UUID(bytes=rng.bytes(16)), theta, rng.random(LENGTH).tolist())
        tests.append(test)
        errors.append(test.posteriors[-1].mean - theta)
    return tests, np.array(errors)


def _add_tests(previous: Counts | None, tests: list[SimulatedTest], limit: float) -> Counts:
    """Add the tests to the counts in the same way as the query `count_tests`."""
    levels = range(ALL_LEVELS + 1)
    test_counts = [sum(level in test.levels for test in tests) for level in range(ALL_LEVELS)]
    test_counts.append(len(tests))
    item_counts = np.zeros((len(levels), ITEMS), int)
    for test in tests:
        for item, level in zip(test.items, test.levels, strict=True):
            item_counts[[level, ALL_LEVELS], item] += 1
    rows = [TestCount(None, level, test_counts[level]) for level in levels]
    rows += [
        TestCount(int(item), level, int(item_counts[level, item]))
        for level in levels
        for item in np.flatnonzero(item_counts[level])
    ]
    return merge_counts(previous, rows, limit)
