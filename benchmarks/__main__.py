"""Run the benchmarks: `make bench`, or `make bench ARGS=cold_start` for one of them.

Arguments after the name of a single benchmark are passed to that benchmark:
`python -m benchmarks learning_prediction ATTEMPTS.csv SPLIT.csv OUT.csv`.
"""

import sys
from importlib import import_module
from inspect import signature
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(
        path.stem
        for path in FOLDER.glob("*.py")
        if "def main(" in path.read_text(encoding="utf-8") and path.stem != "__main__"
    )


def main(requested: list[str]) -> None:
    """Run the requested benchmarks, or all of them."""
    available = set(names())
    if len(requested) > 1 and requested[0] in available and available.isdisjoint(requested[1:]):
        benchmark = import_module(f"benchmarks.{requested[0]}").main
        if not signature(benchmark).parameters:
            raise SystemExit(f"{requested[0]} takes no arguments.")
        benchmark(requested[1:])
        return
    unknown = set(requested) - available
    if unknown:
        raise SystemExit(
            f"No such benchmark: {', '.join(unknown)}. Choose from: {', '.join(names())}"
        )
    for name in requested or names():
        print(f"\n## {name}\n", flush=True)
        import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
