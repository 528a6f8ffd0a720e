"""CPU time of one step (select and update), compared with catsim, adaptivetesting and mirt.

Every engine gets the same bank and the same answers, in turns of at least 10 ms each. A time is the
median over turns; a ratio is the median of the ratios within turns. Of the peers, only mirt has
several dimensions.
"""

import time

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.engine_peers import (
    Answers,
    Engine,
    FloatArray,
    adaptivetesting,
    catsim,
    mirt,
    mirt_multidimensional,
    mixed_bank,
    ours,
    two_parameter_pool,
)
from lib.engine import ItemBank, Posterior, select, update

LENGTH = 20
SHORTEST_TURN = 0.01  # seconds
DISCRIMINATIONS = (1.0, 2.35, 5.0)  # probits


def milliseconds(n: int, length: int, turns: int, *engines: Engine) -> FloatArray:
    """Return the CPU time per step of each engine, milliseconds, shape (turns, engines)."""
    rng = np.random.default_rng(1)
    seconds = []
    for turn in range(turns + 1):  # the first turn fills the caches of bank and process
        answers = rng.random(n) < 0.5
        seconds.append([_per_step(engine, answers, length if turn else 2) for engine in engines])
    return np.array(seconds[1:]) * 1e3


def _per_step(engine: Engine, answers: Answers, length: int) -> float:
    start, tests, seconds = time.process_time(), 0, 0.0
    while seconds < SHORTEST_TURN:
        engine(answers, length)
        tests, seconds = tests + 1, time.process_time() - start
    return seconds / tests / length


def median(n: int, length: int, turns: int, engine: Engine) -> float:
    """Return the median CPU time per step of one engine, milliseconds."""
    return float(np.median(milliseconds(n, length, turns, engine)))


def beside_peers() -> None:
    """Print our times and the peers' in one dimension, with the ratios."""
    print("1 concept, 2PL: ms of CPU per step\n")
    print(
        f"{'items':>7} {'ours':>8} {'catsim':>8} {'ratio':>6} {'ours':>8} {'mirt':>8} {'ratio':>6}"
        f" {'adaptivetesting':>16} {'ratio':>6}"
    )
    for n, turns, slow_length in ((500, 30, 5), (5_000, 10, 2), (50_000, 3, 0)):
        pool = two_parameter_pool(n, 1, 0)
        own_engine = ours(pool.bank)
        catsim_times = milliseconds(n, LENGTH, turns, own_engine, catsim(pool))
        mirt_times = milliseconds(n, LENGTH, turns, own_engine, mirt(pool, LENGTH))
        line = f"{n:7} {_medians(catsim_times)} {_medians(mirt_times)}"
        if slow_length:
            times = milliseconds(n, slow_length, 3, own_engine, adaptivetesting(pool))
            line += f" {np.median(times[:, 1]):16.1f} {np.median(times[:, 1] / times[:, 0]):6.0f}"
        print(line, flush=True)


def beside_mirt() -> None:
    """Print our times and those of mirt's engine in several dimensions, with the ratios."""
    print("\nseveral concepts, 500 items, 2PL: ms of CPU per step\n")
    print(f"{'concepts':>9} {'grid':>6} {'ours':>8} {'mirt':>8} {'ratio':>6}")
    for k, points in ((2, 21), (3, 15), (5, 5), (5, 7)):
        bank, correlation = mixed_bank(500, k, 3), 0.5 * np.eye(k) + 0.5
        own_engine = ours(bank, prior=Posterior.prior(k, None, correlation))
        peer = mirt_multidimensional(bank, LENGTH, "A-optimality", correlation, points)
        times = milliseconds(500, LENGTH, 5, own_engine, peer)
        print(f"{k:9} {f'{points}^{k}':>6} {_medians(times)}", flush=True)


def _medians(times: FloatArray) -> str:
    """Return the cells of two engines' median times and of the median ratio."""
    first, second = np.median(times, axis=0)
    return f"{first:8.3f} {second:8.3f} {np.median(times[:, 1] / times[:, 0]):6.1f}"


def by_size() -> None:
    """Print times by number of items and concepts."""
    print("\nms of CPU per step against items and concepts, 30 questions, 2PL\n")
    sizes = (500, 5_000, 50_000, 100_000)
    print(f"{'concepts':>9}" + "".join(f"{n:>10}" for n in sizes))
    for k in (1, 2, 5, 10, 32):
        cells = []
        for n in sizes:
            pool = two_parameter_pool(n, k, 0)
            cells.append(median(n, 30, 7 if k < 10 else 3, ours(pool.bank)))
        print(f"{k:9}" + "".join(f"{cell:10.3f}" for cell in cells), flush=True)


def by_rule() -> None:
    """Print times by selection rule."""
    print("\nms of CPU per step by rule, 5 concepts, 500 items, 30 questions\n")
    pool = two_parameter_pool(500, 5, 0)
    for rule in ("variance", "logdet", "mutual_information", "fisher_d", "fisher_a"):
        cpu_ms = median(500, 30, 9, ours(pool.bank, rule))
        print(f"{rule:>20} {cpu_ms:8.3f}")


def by_guessing() -> None:
    """Print times without and with guessing."""
    print("\nms of CPU per step by guessing, 500 items, 30 questions\n")
    print(f"{'concepts':>9} {'c = 0':>8} {'c = 0.2':>8} {'ratio':>6}")
    for k in (1, 2, 5, 10):
        bank = two_parameter_pool(500, k, 0).bank
        with_guessing = ItemBank(bank.slopes, bank.intercepts, 0.2)
        print(
            f"{k:9} {_medians(milliseconds(500, 30, 15, ours(bank), ours(with_guessing)))}",
            flush=True,
        )


def by_steepness() -> None:
    """Print mean and maximum times of an update with guessing, by discrimination and concepts."""
    print("\nms of CPU per update by discrimination, c = 0.25, 60 questions on two concepts each\n")
    print(f"{'concepts':>9}" + "".join(f"{d:>18}" for d in DISCRIMINATIONS))
    for k in (2, 5, 10, 32):
        cells = [_update_times(k, discrimination) for discrimination in DISCRIMINATIONS]
        print(f"{k:9}" + "".join(f"{np.mean(c):9.2f} {np.max(c):8.1f}" for c in cells), flush=True)


def _update_times(k: int, discrimination: float) -> FloatArray:
    """Return the CPU time of each update in a simulated test, milliseconds."""
    rng = np.random.default_rng(k)
    q = np.zeros((300, k))
    for row in q:
        row[rng.choice(k, 2, replace=False)] = 1
    bank = ItemBank.from_questions(q, rng.uniform(0.05, 0.95, 300), discrimination, 0.25)
    state = Posterior.prior(k, covariance=0.5 * np.eye(k) + 0.5)
    theta, unasked = rng.normal(size=k), np.ones(300, bool)
    seconds = []
    for _ in range(60):
        item = select(state, bank, unasked)
        unasked[item] = False
        correct = bool(rng.random() < bank.probability(theta, [item])[0])
        start = time.process_time()
        state = update(state, bank, item, correct)
        seconds.append(time.process_time() - start)
    return np.array(seconds) * 1e3


def main() -> None:
    """Print the tables."""
    with threadpool_limits(1):
        beside_peers()
        beside_mirt()
        by_size()
        by_rule()
        by_guessing()
        by_steepness()


if __name__ == "__main__":
    main()
