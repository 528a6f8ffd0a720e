"""POST /api/admin-calibrate-learning (operators), GET /api/calibrate-learning (cron)."""

from typing import Annotated, Any

from lib.deps import Deps, current_deps, get_deps
from lib.framework import Depends
from lib.learning.calibration.run import calibrate
from lib.learning.calibration.wire import LearningCalibrationIn, LearningCalibrationOut
from lib.learning.current_user import Db
from lib.learning.database import postgres_session
from lib.web.app import create_app, lambda_entry

app = create_app("learning.calibrate", tag="Learning: teachers")
InjectedDeps = Annotated[Deps, Depends(get_deps)]


@app.post("/api/admin-calibrate-learning")
def calibrate_mastery(
    db: Db, deps: InjectedDeps, body: LearningCalibrationIn | None = None
) -> LearningCalibrationOut:
    """Fit the model of mastery to the answers, and use it if it predicts better than before."""
    limit = (body or LearningCalibrationIn()).max_answers
    return calibrate(db, deps.clock(), limit)


@app.get("/api/calibrate-learning")
def calibrate_mastery_on_schedule(db: Db, deps: InjectedDeps) -> LearningCalibrationOut:
    """Fit the model of mastery if there are new answers; called on schedule."""
    return calibrate(db, deps.clock())


def scheduled() -> dict[str, Any]:
    """Calibrate on a schedule, without a request."""
    deps = current_deps()
    with postgres_session(deps) as db:
        return calibrate(db, deps.clock()).model_dump(mode="json")


lambda_handler = lambda_entry(app, scheduled)
