"""POST /api/generate-session: begin a session, return its token."""

from typing import Annotated

from fastapi import Depends

from lib.deps import Deps, get_deps
from lib.web.app import create_app, lambda_entry
from lib.workshop.progress import progress
from lib.workshop.progress.wire import SessionIn, SessionOut

app = create_app("workshop.generate_session", tag="Workshop")


@app.post("/api/generate-session")
def generate_session(
    deps: Annotated[Deps, Depends(get_deps)], body: SessionIn | None = None
) -> SessionOut:
    """Begin a session. Keep the token: it is the session's only credential."""
    who = body or SessionIn()
    token = progress.generate_session(who.student_email, who.student_name, deps)
    return SessionOut(sessionToken=token)


lambda_handler = lambda_entry(app)
