"""POST /api/admin-create-unified-schema: make the schema, or bring an older one up to date."""

from typing import Annotated

from fastapi import Depends

from lib.audit import audited
from lib.deps import Deps, get_deps
from lib.web import create_app, lambda_entry
from lib.workshop.creation import create_schema
from lib.workshop.creation_wire import CreateIn, CreateOut

app = create_app("admin-create-unified-schema", tag="Workshop: operators")
PATH = "/api/admin-create-unified-schema"


@app.post(PATH)
def create(body: CreateIn, deps: Annotated[Deps, Depends(get_deps)]) -> CreateOut:
    """May run again and again. `dropExisting` renames what is there and begins anew."""
    with audited(deps, PATH) as facts:
        made = create_schema(deps, drop_existing=body.drop_existing, confirmation=body.confirm_text)
        facts["set_aside"] = [table.new_name for table in made.set_aside]
    return CreateOut.of(made)


lambda_handler = lambda_entry(app)
