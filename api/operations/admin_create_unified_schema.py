"""POST /api/admin-create-unified-schema: make the schema, or bring an older one up to date."""

from typing import Annotated

from fastapi import Depends

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.operations.answers import created
from lib.operations.schema_renewal import make_schema
from lib.operations.wire import CreateIn, CreateOut
from lib.web.app import create_app, lambda_entry

app = create_app("operations.admin_create_unified_schema", tag="Workshop: operators")
PATH = "/api/admin-create-unified-schema"


@app.post(PATH)
def create(body: CreateIn, deps: Annotated[Deps, Depends(get_deps)]) -> CreateOut:
    """May run again and again. `dropExisting` saves and renames what is there and begins anew."""
    with audited(deps, PATH) as facts:
        made = make_schema(deps, drop_existing=body.drop_existing, confirmation=body.confirm_text)
        backup = made.backup.location if made.backup else None
        facts["set_aside"] = [table.new_name for table in made.creation.set_aside]
        facts["backup"] = made.backup.name if made.backup else None
    return created(made.creation, backup, made.remarks)


lambda_handler = lambda_entry(app)
