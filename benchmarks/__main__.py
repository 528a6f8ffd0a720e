"""Run the benchmarks: `make bench`, or `make bench ARGS=cold_start` for one of them."""

import sys
from importlib import import_module
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
    unknown = set(requested) - set(names())
    if unknown:
        raise SystemExit(
            f"No such benchmark: {', '.join(unknown)}. Choose from: {', '.join(names())}"
        )
    for name in requested or names():
        print(f"\n## {name}\n", flush=True)
        import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
