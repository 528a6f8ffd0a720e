"""CPU of one step, select and update together, beside catsim and adaptivetesting.

Every engine gets the same bank and the same answers in the same run; the figure is the median over
tests of the mean over the steps of a test. Peers know one dimension only.
"""

import time

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.engine_peers import Engine, adaptivetesting, catsim, ours, two_parameter_pool
from lib.engine import ItemBank

LENGTH = 20


def milliseconds(engine: Engine, n: int, length: int, tests: int) -> float:
    """Return CPU per step."""
    rng = np.random.default_rng(1)
    engine(rng.random(n) < 0.5, 2)  # whatever is made once per bank or process
    spent = []
    for _ in range(tests):
        answers = rng.random(n) < 0.5
        start = time.process_time()
        engine(answers, length)
        spent.append((time.process_time() - start) / length)
    return float(np.median(spent)) * 1e3


def beside_peers() -> None:
    """Print one dimension beside the peers."""
    print("1 concept, 2PL: ms of CPU per step\n")
    print(
        f"{'items':>7} {'ours':>8} {'catsim':>8} {'times':>6} {'adaptivetesting':>16} {'times':>6}"
    )
    for n, tests, peer_tests, at_length in ((500, 40, 8, 5), (5_000, 20, 3, 2), (50_000, 10, 1, 0)):
        pool = two_parameter_pool(n, 1, 0)
        mine = milliseconds(ours(pool.bank), n, LENGTH, tests)
        theirs = milliseconds(catsim(pool), n, LENGTH, peer_tests)
        line = f"{n:7} {mine:8.3f} {theirs:8.2f} {theirs / mine:6.1f}"
        if at_length:
            other = milliseconds(adaptivetesting(pool), n, at_length, 1)
            line += f" {other:16.1f} {other / mine:6.0f}"
        print(line, flush=True)


def by_size() -> None:
    """Print cost against the number of items and concepts."""
    print("\nms of CPU per step against items and concepts, 30 questions, 2PL\n")
    sizes = (500, 5_000, 50_000, 100_000)
    print(f"{'concepts':>9}" + "".join(f"{n:>10}" for n in sizes))
    for k in (1, 2, 5, 10, 32):
        cells = []
        for n in sizes:
            pool = two_parameter_pool(n, k, 0)
            cells.append(milliseconds(ours(pool.bank), n, 30, 7 if k < 10 else 2))
        print(f"{k:9}" + "".join(f"{cell:10.3f}" for cell in cells), flush=True)


def by_rule() -> None:
    """Print what each rule costs."""
    print("\nms of CPU per step by rule, 5 concepts, 500 items, 30 questions\n")
    pool = two_parameter_pool(500, 5, 0)
    for rule in ("variance", "logdet", "mutual_information", "fisher_d", "fisher_a"):
        spent = milliseconds(ours(pool.bank, rule), 500, 30, 5)
        print(f"{rule:>20} {spent:8.3f}")


def by_guessing() -> None:
    """Print what it costs that answers can be guessed."""
    print("\nms of CPU per step by guessing, 500 items, 30 questions\n")
    print(f"{'concepts':>9} {'c = 0':>8} {'c = 0.2':>8} {'times':>6}")
    for k in (1, 2, 5, 10):
        bank = two_parameter_pool(500, k, 0).bank
        guessed = ItemBank(bank.slopes, bank.intercepts, 0.2)
        plain, dear = (milliseconds(ours(b), 500, 30, 9) for b in (bank, guessed))
        print(f"{k:9} {plain:8.3f} {dear:8.3f} {dear / plain:6.1f}", flush=True)


def main() -> None:
    """Print the four tables."""
    with threadpool_limits(1):
        beside_peers()
        by_size()
        by_rule()
        by_guessing()


if __name__ == "__main__":
    main()
