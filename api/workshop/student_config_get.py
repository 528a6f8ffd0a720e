"""GET /api/student-config-get: return a session's configuration to the holder of its token."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.config import configuration
from lib.workshop.config.wire import ConfigOut
from lib.workshop.lookup import require_token

app = create_app("workshop.student_config_get", tag="Workshop")


@app.get("/api/student-config-get")
@raises(SessionNotFound)
def get_config(
    token: Annotated[str, Depends(require_token)], deps: Annotated[Deps, Depends(get_deps)]
) -> ConfigOut:
    """Return the configuration, with `hasApiKey` instead of the API key."""
    return ConfigOut(config=configuration.get(token, deps))


lambda_handler = lambda_entry(app)
