"""The coefficients of the model, as the server sends them, with a version and a JSON form."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from lib.learning.mastery_model.attempts import Question
from lib.learning.mastery_model.features import FAMILIES, NAMES

FORMAT = 1
"""Version of the features and the JSON; a calibration of another format is refused."""


@dataclass(frozen=True)
class Steps:
    """Step sizes of abilities for one answer, in logits for an error of 1; all at least 0.

    The step of the n-th answer (from 0) is `first / (1 + decay * n)`, times the factors that apply.
    """

    overall: float = 0.4
    """First step of the overall ability."""
    overall_decay: float = 0.02
    concept: float = 1.0
    """First step of a concept's ability."""
    concept_decay: float = 0.05
    transfer: float = 0.7
    """Share of the overall ability with which a concept begins, 0 to 1."""
    share: float = 0.5
    """Share of the concepts' ability in the expectation of an answer, 0 to 1."""
    slow: float = 0.7
    """Factor for a right answer that took more than twice the question's usual time, 0 to 1."""
    unsure: float = 0.7
    """Factor, 0 to 1, for a right answer with confidence 1; from confidence 3 on it is 1."""
    repeated: float = 0.5
    """Factor for further tries at a question, 0 to 1."""

    def __post_init__(self) -> None:
        """Refuse steps with which a right answer could lower an ability.

        Raises:
            ValueError: If a step is negative or not finite, or a factor or share is above 1.
        """
        values = asdict(self)
        if not all(math.isfinite(value) and value >= 0 for value in values.values()):
            raise ValueError("Steps must be finite and at least 0.")
        if max(self.transfer, self.share, self.slow, self.unsure, self.repeated) > 1:
            raise ValueError("Shares and factors of steps must be at most 1.")


@dataclass(frozen=True)
class ItemParameters:
    """Estimated parameters of a question."""

    difficulty: float
    """Logits; ability minus difficulty is the logit of a right answer."""
    answers: int
    """Number of answers that the difficulty rests on."""
    seconds: float | None = None
    """Usual time of an answer (geometric mean); None if it is not known."""


@dataclass(frozen=True)
class Calibration:
    """All coefficients of the model for one subject."""

    version: str
    """Name that the server gives to this calibration."""
    mean: float
    """Share of right answers, 0 to 1."""
    difficulty: float
    """Difficulty of a question of unknown concepts, logits."""
    seconds: float | None = None
    """Usual time of an answer to a question that has no usual time of its own, seconds."""
    steps: Steps = field(default_factory=Steps)
    items: Mapping[str, ItemParameters] = field(default_factory=dict)
    concepts: Mapping[str, float] = field(default_factory=dict)
    """Mean difficulty of each concept's questions, logits."""
    intercept: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    """Weights of the features in `features.NAMES`; those not named weigh 0."""
    effects: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Weights by family of `features.FAMILIES` and key; those not named weigh 0."""

    def __post_init__(self) -> None:
        """Refuse weights of features that this version does not compute.

        Raises:
            ValueError: If a weight or a family of effects has an unknown name.
        """
        unknown_names = (self.weights.keys() - set(NAMES)) | (self.effects.keys() - set(FAMILIES))
        if unknown_names:
            names = ", ".join(sorted(unknown_names))
            raise ValueError(f"Unknown features in the calibration: {names}.")

    def difficulty_of(self, question: Question) -> float:
        """Return a question's difficulty, logits.

        If the question is not calibrated, this is the mean of its concepts plus its offset.
        """
        parameters = self.items.get(question.item)
        if parameters is not None:
            return parameters.difficulty
        difficulties = [
            self.concepts[concept] for concept in question.concepts if concept in self.concepts
        ]
        mean = sum(difficulties) / len(difficulties) if difficulties else self.difficulty
        return mean + question.offset

    def seconds_of(self, question: Question) -> float | None:
        """Return the usual time of an answer, seconds; None if it is not known."""
        parameters = self.items.get(question.item)
        candidates = (
            None if parameters is None else parameters.seconds,
            question.seconds,
            self.seconds,
        )
        return next((seconds for seconds in candidates if seconds is not None), None)

    def to_json(self) -> str:
        """Return the JSON form; `from_json` restores every number exactly."""
        return json.dumps(self.to_values(), allow_nan=False, sort_keys=True)

    def to_values(self) -> dict[str, Any]:
        """Return the values of the JSON form."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, text: str) -> "Calibration":
        """Return the calibration that `to_json` wrote.

        Raises:
            ValueError: If it is not JSON of this format.
        """
        return cls.from_values(json.loads(text))

    @classmethod
    def from_values(cls, values: object) -> "Calibration":
        """Return the calibration whose values `to_values` returned.

        Raises:
            ValueError: If they are not of this format.
        """
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ValueError(f"This is not a calibration of format {FORMAT}.")
        coefficients: dict[str, Any] = {
            key: value for key, value in values.items() if key != "format"
        }
        differing_names = coefficients.keys() ^ {it.name for it in fields(cls)}
        if differing_names:
            raise ValueError(
                f"Unknown or missing in the calibration: {', '.join(sorted(differing_names))}."
            )
        coefficients["steps"] = Steps(**coefficients["steps"])
        coefficients["items"] = {
            key: ItemParameters(**it) for key, it in coefficients["items"].items()
        }
        return cls(**coefficients)
