"""POST /api/generate-session: begin a session and return its token."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.errors import CourseNotFound, TooManySessions
from lib.workshop.progress import progress
from lib.workshop.progress.wire import NewSessionOut, SessionIn

app = create_app("workshop.generate_session", tag="Workshop")


@app.post("/api/generate-session")
@raises(CourseNotFound, TooManySessions)
def generate_session(
    deps: Annotated[Deps, Depends(get_deps)], body: SessionIn | None = None
) -> NewSessionOut:
    """Begin a session. Its token is the only credential for it."""
    return NewSessionOut(sessionToken=progress.generate_session(body or SessionIn(), deps))


lambda_handler = lambda_entry(app)
