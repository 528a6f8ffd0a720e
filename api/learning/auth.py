"""/api/auth/…: registration, log-in, tokens and passwords of the study planner."""

from typing import Annotated

from lib.access.guard import local_or_admin_password
from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends, Response
from lib.learning import errors
from lib.learning.accounts import change_password, log_in, register, tokens, wire
from lib.learning.current_user import Db, UserCall
from lib.web.app import create_app, lambda_entry

app = create_app("learning.auth", tag="Learning: accounts")

InjectedDeps = Annotated[Deps, Depends(get_deps)]
ByOperator = Annotated[bool, Depends(local_or_admin_password)]


@app.post("/api/auth/register")
@raises(errors.UsernameTaken, errors.RoleNeedsInvitation, errors.InvitationRefused)
def register_user(
    body: wire.RegisterIn, db: Db, deps: InjectedDeps, by_operator: ByOperator, response: Response
) -> wire.TokensOut:
    """Create an account; teachers and admins need an invitation or an operator's password.

    A caller on the local server's own machine counts as an operator.
    """
    response.status_code = 201
    return register.register(db, body, deps.settings, deps.clock(), by_operator=by_operator)


@app.post("/api/auth/login")
@raises(errors.LogInRefused)
def log_in_user(body: wire.LogInIn, db: Db, deps: InjectedDeps) -> wire.TokensOut:
    """Return tokens for a username and a password, sent as JSON or as a form."""
    return log_in.log_in(db, body.username, body.password, deps.settings, deps.clock())


@app.post("/api/auth/refresh")
@raises(errors.RefreshRefused)
def refresh_tokens(body: wire.RefreshIn, db: Db, deps: InjectedDeps) -> wire.TokensOut:
    """Exchange a refresh token for new tokens; a second use ends its log-in."""
    return tokens.refresh(db, body.refresh_token, deps.settings, deps.clock())


@app.post("/api/auth/reset-password")
@raises(errors.InvitationRefused)
def reset_password(body: wire.ResetPasswordIn, db: Db, deps: InjectedDeps) -> wire.TokensOut:
    """Set a new password with a code from `POST /api/admin-invite`."""
    return change_password.reset_password(db, body, deps.settings, deps.clock())


@app.get("/api/auth/me")
def read_me(call: UserCall) -> wire.MeOut:
    """Return the caller's account."""
    return log_in.read_me(call)


@app.post("/api/auth/logout")
def log_out(call: UserCall, body: wire.LogOutIn | None = None) -> wire.DoneOut:
    """End the log-in of a refresh token; without one, nothing changes on the server."""
    return log_in.log_out(call, None if body is None else body.refresh_token)


@app.post("/api/auth/change-password")
@raises(errors.PasswordWrong)
def change_own_password(
    body: wire.ChangePasswordIn, call: UserCall, deps: InjectedDeps
) -> wire.TokensOut:
    """Change the caller's password, end every other log-in, and return new tokens."""
    return change_password.change_password(call, body, deps.settings)


lambda_handler = lambda_entry(app)
