"""/api/learning/plan and /api/plans/…: study plans."""

from typing import Annotated

from lib.errors import raises
from lib.framework import Query
from lib.learning.current_user import UserCall
from lib.learning.days import Day
from lib.learning.errors import ExamOver, NotStudent, OwnChoice
from lib.learning.parameters import OwnOrStudentId, StudentId
from lib.learning.plans import make, read, wire
from lib.learning.students.student import StudentErrors
from lib.learning.tables.closed_lists import PlanType
from lib.web.app import create_app, lambda_entry

app = create_app("learning.plan", tag="Learning")
PlanFilter = Annotated[PlanType | None, Query(description="Only plans of this period.")]
PlanLimit = Annotated[int, Query(ge=1, le=100, description="Maximum number of plans to return.")]
StartDay = Annotated[Day, Query(description="First day, UTC; today by default.")]


@app.get("/api/learning/plan")
@raises(NotStudent, *StudentErrors)
def read_plans(call: UserCall, student_id: OwnOrStudentId = None) -> wire.PlansOut:
    """Return the current plans; the caller's own are made again if they are outdated."""
    return make.read_plans(call, student_id)


@app.post("/api/learning/plan")
@raises(ExamOver, NotStudent, OwnChoice)
def make_plan(body: wire.PlanIn, call: UserCall) -> wire.StoredPlanOut:
    """Make a plan for a day, a week, or the time until the exam."""
    return make.make_plan(call, body.plan_type, body.start_date)


@app.post("/api/plans/daily/{student_id}")
@raises(OwnChoice, *StudentErrors)
def make_live_daily(
    student_id: StudentId,
    call: UserCall,
    date: StartDay = None,
    body: wire.LiveDailyIn | None = None,
) -> wire.LivePlanOut:
    """Make a plan for the day that the query or the body names, or else for today."""
    day = date or (None if body is None else body.date)
    return make.make_live_plan(call, student_id, PlanType.DAILY, day)


@app.post("/api/plans/weekly/{student_id}")
@raises(OwnChoice, *StudentErrors)
def make_live_weekly(
    student_id: StudentId,
    call: UserCall,
    start_date: StartDay = None,
    body: wire.LiveWeeklyIn | None = None,
) -> wire.LivePlanOut:
    """Make a plan for seven days from the day in the query or the body, or else from today."""
    day = start_date or (None if body is None else body.start_date)
    return make.make_live_plan(call, student_id, PlanType.WEEKLY, day)


@app.post("/api/plans/exam/{student_id}")
@raises(ExamOver, OwnChoice, *StudentErrors)
def make_live_exam(student_id: StudentId, call: UserCall) -> wire.LivePlanOut:
    """Make a plan until the exam, for at most 60 days."""
    return make.make_live_plan(call, student_id, PlanType.EXAM_COUNTDOWN, None)


@app.get("/api/plans/student/{student_id}")
@raises(*StudentErrors)
def list_live_plans(
    student_id: StudentId, call: UserCall, plan_type: PlanFilter = None, limit: PlanLimit = 10
) -> wire.LivePlansOut:
    """Return a student's plans, newest first."""
    return read.list_live_plans(call, student_id, plan_type, limit)


lambda_handler = lambda_entry(app)
