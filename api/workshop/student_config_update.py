"""PUT /api/student-config-update: change the configuration of an existing session."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.web.unknown_fields import UnknownNames
from lib.workshop.config import configuration
from lib.workshop.config.wire import ConfigIn, ConfigSavedOut
from lib.workshop.errors import (
    CHANGE_ERRORS,
    COURSE_ERRORS,
    NoSuchCurrentStep,
    NothingToSave,
    StaleConfiguration,
)
from lib.workshop.idempotency import IdempotencyKey

app = create_app("workshop.student_config_update", tag="Workshop")


@app.put("/api/student-config-update")
@raises(
    *CHANGE_ERRORS,
    *COURSE_ERRORS,
    NoSuchCurrentStep,
    NothingToSave,
    SessionNotFound,
    StaleConfiguration,
)
def update_config(
    body: ConfigIn,
    deps: Annotated[Deps, Depends(get_deps)],
    unknown: UnknownNames,
    key: IdempotencyKey = None,
) -> ConfigSavedOut:
    """Save the fields that are sent; the others keep their values."""
    return configuration.save(body, key, deps, unknown, create=False)


lambda_handler = lambda_entry(app)
