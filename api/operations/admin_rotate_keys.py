"""POST /api/admin-rotate-keys: seal stored API keys with the current encryption key."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, raises
from lib.framework import Depends
from lib.operations.keys.rotation import rotate
from lib.operations.responses import rotation_response
from lib.operations.wire import RotationOut
from lib.web.app import create_app, lambda_entry
from lib.web.wire import OperatorIn

app = create_app("operations.admin_rotate_keys", tag="Workshop: operators")
PATH = "/api/admin-rotate-keys"


@app.post(PATH)
@raises(AlreadyRunning)
def rotate_keys(
    deps: Annotated[Deps, Depends(get_deps)],
    body: OperatorIn | None = None,  # noqa: ARG001 it may hold the password
) -> RotationOut:
    """Seal keys in batches; when `remaining` is 0, no stored key needs ENCRYPTION_KEY_PREVIOUS.

    Older backups, tickets and log-ins still need it.
    """
    with audited(deps, PATH) as facts:
        rotation = rotate(deps)
        facts.update(rotated=rotation.rotated, remaining=rotation.remaining)
    return rotation_response(rotation)


lambda_handler = lambda_entry(app)
