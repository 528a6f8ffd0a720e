"""POST /api/admin-list-configs: list students and sessions, if need be from the legacy tables."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.instructor.listing_legacy import list_configs_or_legacy
from lib.workshop.instructor.wire import ListIn, ListOut

app = create_app("workshop.admin_list_configs", tag="Workshop: operators")


@app.post("/api/admin-list-configs")
@raises(InvalidCursor)
def list_configs(body: ListIn, deps: Annotated[Deps, Depends(get_deps)]) -> ListOut:
    """Return a page of students and sessions, newest first, without API keys."""
    return list_configs_or_legacy(body, deps)


lambda_handler = lambda_entry(app)
