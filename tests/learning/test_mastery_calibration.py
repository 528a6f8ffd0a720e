"""Calibrations of the model of mastery: their JSON, and values that are refused."""

import json
import math
from dataclasses import replace

import pytest

from lib.learning.mastery_model.calibration import Calibration, ItemParameters, Steps
from lib.learning.mastery_model.default import default_calibration
from lib.learning.mastery_model.features import NAMES

FITTED = replace(
    default_calibration(),
    version="fitted",
    items={"i": ItemParameters(0.0, 9, 60.0), "hard": ItemParameters(1.0, 9, 60.0)},
    concepts={"A": 0.0, "B": 1.0},
)


def test_calibration_is_restored_exactly_from_its_json() -> None:
    calibration = replace(
        FITTED,
        seconds=0.1 + 0.2,
        intercept=1 / 3,
        weights={NAMES[0]: 2 / 3},
        effects={"item": {"ü;1": 1e-17}},
    )
    assert Calibration.from_json(calibration.to_json()) == calibration


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", '{"format": 2}', "no JSON", FITTED.to_json().replace('"mean"', '"average"')],
)
def test_calibrations_of_other_formats_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"format|calibration|Expecting"):
        Calibration.from_json(text)


@pytest.mark.parametrize("member", ['"difficulty": -1.0', '"item": {}'])
def test_calibration_of_unknown_features_is_refused(member: str) -> None:
    text = replace(FITTED, weights={"difficulty": -1.0}, effects={"item": {}}).to_json()
    compact = json.dumps(json.loads(text))
    assert member in compact
    newer = compact.replace(member, member.replace(member.split('"')[1], "unknown feature"))
    with pytest.raises(ValueError, match="unknown feature"):
        Calibration.from_json(newer)


@pytest.mark.parametrize(
    "values", [{"overall": -0.1}, {"concept": math.inf}, {"repeated": 1.1}, {"share": math.nan}]
)
def test_steps_outside_their_ranges_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"at least 0|at most 1"):
        Steps(**values)
