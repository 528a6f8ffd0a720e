"""POST /api/student-config-save: save a session's configuration; a new token begins a session."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.web.unknown_fields import UnknownNames
from lib.workshop.config import configuration
from lib.workshop.config.wire import ConfigIn, ConfigSavedOut
from lib.workshop.errors import REPORT_ERRORS, NoSuchCurrentStep, NothingToSave, StaleConfiguration
from lib.workshop.idempotency import IdempotencyKey

app = create_app("workshop.student_config_save", tag="Workshop")


@app.post("/api/student-config-save")
@raises(*REPORT_ERRORS, NoSuchCurrentStep, NothingToSave, SessionNotFound, StaleConfiguration)
def save_config(
    body: ConfigIn,
    deps: Annotated[Deps, Depends(get_deps)],
    unknown: UnknownNames,
    key: IdempotencyKey = None,
) -> ConfigSavedOut:
    """Save the fields that are sent; the others keep their values."""
    return configuration.save(body, key, deps, unknown, create=True)


lambda_handler = lambda_entry(app)
