"""POST /api/admin-import-roster, GET /api/admin-export: import students and export results."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, raises
from lib.framework import Depends, Response
from lib.web import csv_body
from lib.web.app import create_app, lambda_entry
from lib.workshop.class_progress.class_progress import MAX_PAGE_SIZE, PageCursor
from lib.workshop.courses.read import CourseParam
from lib.workshop.errors import CourseNotFound, UnreadableRoster
from lib.workshop.roster import export, import_roster
from lib.workshop.roster.import_roster import RosterQuery
from lib.workshop.roster.wire import ImportedOut, RosterIn

app = create_app("workshop.admin_roster", tag="Workshop: operators")
InjectedDeps = Annotated[Deps, Depends(get_deps)]
IMPORT = "/api/admin-import-roster"


@app.post(IMPORT)
@raises(CourseNotFound, UnreadableRoster)
def import_students(body: RosterIn, _query: RosterQuery, deps: InjectedDeps) -> ImportedOut:
    """Enroll students in a course before they begin; importing a file again changes nothing."""
    with audited(deps, IMPORT) as facts:
        return import_roster.import_roster(body, deps, facts)


@app.get("/api/admin-export", response_class=Response, responses=csv_body.DESCRIPTION)
@raises(CourseNotFound, InvalidCursor)
def export_students(
    deps: InjectedDeps,
    course_id: CourseParam = None,
    limit: export.Limit = MAX_PAGE_SIZE,
    cursor: PageCursor = None,
) -> Response:
    """Return a course's students and steps as CSV, with the next cursor in X-Next-Cursor."""
    body, next_cursor = export.export(deps, course_id=course_id, limit=limit, after=cursor)
    return csv_body.response(body, "students.csv", next_cursor)


lambda_handler = lambda_entry(app)
