"""POST /api/admin-invite: codes for teachers, admins, and forgotten passwords."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.learning.accounts import invite
from lib.learning.accounts.wire import InvitationOut, InviteIn
from lib.learning.current_user import Db
from lib.learning.errors import UserNotFound
from lib.web.app import create_app, lambda_entry

app = create_app("learning.admin_invite", tag="Learning: accounts")


@app.post("/api/admin-invite")
@raises(UserNotFound)
def create_invitation(
    body: InviteIn,
    db: Db,
    deps: Annotated[Deps, Depends(get_deps)],
) -> InvitationOut:
    """Return a code for registering with a role, or for setting a new password for an account."""
    return invite.invite(db, body, deps)


lambda_handler = lambda_entry(app)
