"""/api/learning/classes: classes and their students."""

from lib.errors import InvalidCursor, raises
from lib.learning.classes import manage, wire
from lib.learning.current_user import UserCall
from lib.learning.errors import ClassClosed, JoinCodeUnknown, NotStudent, StudentClosed
from lib.learning.parameters import MAX_PAGE, ClassId, PageSize
from lib.learning.plan_arms import assign
from lib.learning.plan_arms.wire import PlanArmsIn, StudentArmsOut
from lib.web.app import create_app, lambda_entry
from lib.web.cursor import Cursor

app = create_app("learning.classes", tag="Learning: teachers")


@app.get("/api/learning/classes")
@raises(InvalidCursor, NotStudent)
def list_classes(
    call: UserCall, cursor: Cursor = None, limit: PageSize = MAX_PAGE
) -> wire.ClassesOut:
    """Return a teacher's classes, a student's class, or all for an admin, sorted by name."""
    return manage.list_classes(call, cursor, limit)


@app.post("/api/learning/classes")
def create_class(body: wire.ClassIn, call: UserCall) -> wire.ClassStudentsOut:
    """Create a class with a join code."""
    return manage.create_class(call, body)


@app.post("/api/learning/classes/join")
@raises(JoinCodeUnknown, NotStudent)
def join_class(body: wire.JoinIn, call: UserCall) -> wire.JoinedClassOut:
    """Join a class with its code, and leave the present one."""
    return manage.join_class(call, body)


@app.get("/api/learning/classes/{class_id}")
@raises(ClassClosed)
def read_class(class_id: ClassId, call: UserCall) -> wire.ClassStudentsOut:
    """Return a class and its students."""
    return manage.read_class(call, class_id)


@app.put("/api/learning/classes/{class_id}")
@raises(ClassClosed)
def change_class(
    class_id: ClassId, body: wire.ClassChangeIn, call: UserCall
) -> wire.ClassStudentsOut:
    """Change the name or grade of a class, renew its join code, or close it."""
    return manage.change_class(call, class_id, body)


@app.post("/api/learning/classes/{class_id}/move")
@raises(ClassClosed, StudentClosed)
def move_students(class_id: ClassId, body: wire.MoveIn, call: UserCall) -> wire.ClassStudentsOut:
    """Move students into another class, or out of this one."""
    return manage.move_students(call, class_id, body)


@app.post("/api/learning/classes/{class_id}/plan-arms")
@raises(ClassClosed, StudentClosed)
def assign_arms(class_id: ClassId, body: PlanArmsIn, call: UserCall) -> StudentArmsOut:
    """Assign students to study by plans or on their own, at random or as sent, to compare marks."""
    return assign.assign_arms(call, class_id, body)


lambda_handler = lambda_entry(app)
