"""GET /api/student-config-get: a session's configuration, for whoever holds its token."""

from typing import Annotated

from fastapi import Depends

from lib.deps import Deps, get_deps
from lib.web.app import create_app, lambda_entry
from lib.workshop.config import configuration
from lib.workshop.config.wire import ConfigOut
from lib.workshop.lookup import given_token

app = create_app("workshop.student_config_get", tag="Workshop")


@app.get("/api/student-config-get")
def get(
    token: Annotated[str, Depends(given_token)], deps: Annotated[Deps, Depends(get_deps)]
) -> ConfigOut:
    """The configuration; its API key shows only as `hasApiKey`."""
    return ConfigOut(config=configuration.get(token, deps))


lambda_handler = lambda_entry(app)
