"""POST /api/admin-list-configs-v2: list students and sessions for the instructor's dashboard."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.instructor.listing import list_configs
from lib.workshop.instructor.wire import ListIn, ListOut

app = create_app("workshop.admin_list_configs_v2", tag="Workshop: operators")


@app.post("/api/admin-list-configs-v2")
@raises(InvalidCursor)
def list_configs_v2(body: ListIn, deps: Annotated[Deps, Depends(get_deps)]) -> ListOut:
    """Return a page of students and sessions, newest first, without API keys."""
    return list_configs(body, deps)


lambda_handler = lambda_entry(app)
