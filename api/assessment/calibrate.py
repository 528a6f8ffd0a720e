"""POST /api/admin-calibrate (operators), GET /api/calibrate (cron): calibrate pools."""

from typing import Annotated, Any

from lib.assessment.calibration.run import calibrate
from lib.assessment.calibration.wire import CalibrateIn, CalibrateOut
from lib.assessment.errors import NothingToAccept, PoolNotFound, ProposalOutdated
from lib.deps import Deps, current_deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.calibrate", tag="Assessment: operators")


@app.post("/api/admin-calibrate")
@raises(NothingToAccept, PoolNotFound, ProposalOutdated)
def calibrate_pools(
    deps: Annotated[Deps, Depends(get_deps)], body: CalibrateIn | None = None
) -> CalibrateOut:
    """Estimate parameters of one pool, or of all pools with enough new answers, as new versions.

    If too many questions drift, the estimates wait until `accept` makes them the next version.
    Running sessions keep the version they started with.
    """
    return calibrate(body or CalibrateIn(), deps)


@app.get("/api/calibrate")
def calibrate_pools_on_schedule(deps: Annotated[Deps, Depends(get_deps)]) -> CalibrateOut:
    """Calibrate every pool with enough new answers; called on schedule."""
    return calibrate(CalibrateIn(), deps)


def scheduled() -> dict[str, Any]:
    """Calibrate on a schedule, without a request."""
    return calibrate(CalibrateIn(), current_deps()).model_dump(mode="json")


lambda_handler = lambda_entry(app, scheduled)
