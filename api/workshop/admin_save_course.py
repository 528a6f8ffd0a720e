"""POST /api/admin-save-course: create a course, or replace its steps."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.courses import save
from lib.workshop.courses.wire import CourseIn, CourseSavedOut
from lib.workshop.errors import CourseIsBuiltIn, StepsHaveReports

app = create_app("workshop.admin_save_course", tag="Workshop: operators")
PATH = "/api/admin-save-course"


@app.post(PATH)
@raises(AlreadyRunning, CourseIsBuiltIn, StepsHaveReports)
def save_course(body: CourseIn, deps: Annotated[Deps, Depends(get_deps)]) -> CourseSavedOut:
    """Create or replace a course.

    Former names of a step remain its aliases, unless the course now uses them.
    """
    with audited(deps, PATH) as facts:
        saved = save.save_course(body, deps)
        facts.update(dry_run=saved.dry_run, sessions=saved.sessions)
    return saved


lambda_handler = lambda_entry(app)
