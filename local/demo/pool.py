"""The demo's question pool: 150 questions on five concepts, written for this project."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONCEPTS = ("Math", "Algebra", "Geometry", "Statistics", "Calculus")
POOL_NAME = "Demo: school mathematics"
POOL_ID = "5e9d0000-0000-4000-8000-000000000001"

# Wrong options are common mistakes, so guessing succeeds less often than one time in four.
GUESSING = 0.2


@dataclass(frozen=True)
class Misreading:
    """A question that most students answer as if it said something else."""

    question_id: str
    option: int
    """Index of the option that would then be correct."""
    share: float
    """Share of the students who misread it, whatever their ability."""


# Two balls are drawn "without putting the first one back"; otherwise, 4/25 would be correct.
# The author rated its difficulty as medium, so calibration flags it.
MISREAD = Misreading("sta-014", option=1, share=0.9)


def load_questions() -> list[dict[str, Any]]:
    """Return the questions for an upload, from easy to hard within each concept."""
    folder = Path(__file__).with_name("questions")
    files = [folder / f"{concept.lower()}.json" for concept in CONCEPTS]
    return [
        question
        for file in files
        for question in json.loads(file.read_text(encoding="utf-8"))["questions"]
    ]
