"""The calibration of the model of mastery that is in use."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.learning.mastery_model.calibration import Calibration
from lib.learning.mastery_model.default import default_calibration
from lib.learning.tables import MasteryCalibration

_DEFAULT = default_calibration()
_loaded: dict[str, Calibration] = {}
"""The calibration that was read last, by its version; a version never changes."""


def current_calibration(db: Session) -> Calibration:
    """Return the newest calibration; the default one before the first fit."""
    newest = (MasteryCalibration.created_at.desc(), MasteryCalibration.id.desc())
    version = db.execute(
        select(MasteryCalibration.version).order_by(*newest).limit(1)
    ).scalar_one_or_none()
    if version is None:
        return _DEFAULT
    cached = _loaded.get(version)
    return cached or _load(db, version)


def _load(db: Session, version: str) -> Calibration:
    coefficients = db.execute(
        select(MasteryCalibration.coefficients).where(MasteryCalibration.version == version)
    ).scalar_one()
    calibration = Calibration.from_values(coefficients)
    _loaded.clear()
    _loaded[version] = calibration
    return calibration
