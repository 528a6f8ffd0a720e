"""Comparison of example responses with real ones, by the kinds of their values."""

import re
from typing import Any

KINDS = {
    "moment": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*",
    "day": r"\d{4}-\d\d-\d\d",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "token": r"ws_\d+_\w+",
    "digest": r"[0-9a-f]{32,}",
}


def differences(example: Any, real: Any, at: str = "body") -> list[str]:
    """List the places where an example has other keys or kinds of values than the real body.

    Lists in examples are shortened: each entry must resemble one of the real entries.
    """
    if isinstance(example, dict) and isinstance(real, dict):
        problems = [
            f"{at}.{key} is in one body only" for key in sorted(example.keys() ^ real.keys())
        ]
        for key in example.keys() & real.keys():
            problems += differences(example[key], real[key], f"{at}.{key}")
        return problems
    if isinstance(example, list) and isinstance(real, list):
        if real and not example:
            return [f"{at} is empty in the example"]
        closest = [
            _fewest_differences(entry, real, f"{at}[{place}]")
            for place, entry in enumerate(example)
        ]
        return [problem for entry_problems in closest for problem in entry_problems]
    kinds = kind(example), kind(real)
    return [] if kinds[0] == kinds[1] else [f"{at} is {kinds[1]}, but {kinds[0]} in the example"]


def _fewest_differences(entry: Any, real: list[Any], at: str) -> list[str]:
    no_entry = [f"{at} resembles no entry of the response"]
    return min((differences(entry, one, at) for one in real), key=len, default=no_entry)


def kind(value: Any) -> str:
    """Return the kind of a value, by its form."""
    if isinstance(value, str):
        kinds = (name for name, pattern in KINDS.items() if re.fullmatch(pattern, value))
        return next(kinds, "text")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return type(value).__name__
    return "number"
