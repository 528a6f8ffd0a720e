"""Days and names that callers send."""

from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from lib.learning.accounts.wire import RegisterIn
from lib.learning.class_analytics.read import Filters, read_live_class
from lib.learning.classes.wire import ClassIn, MarksIn
from lib.learning.days import Day, DayTime
from lib.learning.plans.make import make_plan
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.syllabus.wire import ContentTopicIn, TopicIn
from lib.learning.tables.closed_lists import PlanType, Role
from tests.learning.school import School

DAYS: TypeAdapter[Any] = TypeAdapter(Day)
TIMES: TypeAdapter[Any] = TypeAdapter(DayTime)


@pytest.mark.parametrize(
    ("text", "day", "time"),
    [
        ("2027-03-01", "2027-03-01", "2027-03-01T00:00:00+00:00"),
        (" 2027-03-01 ", "2027-03-01", "2027-03-01T00:00:00+00:00"),
        ("2027-03-01T23:30:00-05:00", "2027-03-02", "2027-03-02T04:30:00+00:00"),
        ("2027-03-01T00:30:00+01:00", "2027-02-28", "2027-02-28T23:30:00+00:00"),
        ("2027-03-01T23:30:00", "2027-03-01", "2027-03-01T23:30:00+00:00"),
        ("1970-01-01", "1970-01-01", "1970-01-01T00:00:00+00:00"),
        ("2199-12-31", "2199-12-31", "2199-12-31T00:00:00+00:00"),
    ],
)
def test_day_is_the_day_in_utc(text: str, day: str, time: str) -> None:
    assert DAYS.validate_python(text).isoformat() == day
    assert TIMES.validate_python(text).isoformat() == time


@pytest.mark.parametrize("text", [None, "", "  "])
def test_blank_day_counts_as_no_day(text: str | None) -> None:
    assert DAYS.validate_python(text) is None
    assert TIMES.validate_python(text) is None


@pytest.mark.parametrize(
    "value",
    [
        "2027-03-01x",
        "2027-02-30",
        "20270301",
        "1969-12-31",
        "2200-01-01",
        "9999-12-31",
        "0001-01-01",
        "0",
        "1700000000",
        0,
        1.5e9,
        True,
        ["2027-03-01"],
        "٢٠٢٧-03-01",
    ],
)
def test_values_other_than_days_from_1970_to_2199_are_refused(value: Any) -> None:
    for kind in (DAYS, TIMES):
        with pytest.raises(ValidationError, match="Send a day"):
            kind.validate_python(value)


def test_last_day_that_may_be_sent_can_be_planned_and_filtered(school: School) -> None:
    school.syllabus("topic  weight  hours\nAlgebra  100  4\n")
    last = date(2199, 12, 31)
    plan = make_plan(school.user("ann"), PlanType.WEEKLY, last).plan
    assert (plan.start_date, plan.end_date) == ("2199-12-31", "2200-01-06")
    teacher = school.user("ms-okafor", Role.TEACHER)
    class_id = school.school_class(teacher, [school.call("ann")])
    assert read_live_class(teacher, class_id, Filters(until=last)).student_count == 1


@pytest.mark.parametrize("name", ["   ", "", "two\nlines", "a\x7fb", "x" * 201])
def test_name_is_one_line_and_not_blank(name: str) -> None:
    register = {"username": "ann", "password": "correct horse", "role": "student", "grade": 10}
    for kind, body in (
        (RegisterIn, register | {"target_exam": name}),
        (RegisterIn, register | {"target_exam": "Finals", "username": name}),
        (ProfileChangeIn, {"target_exam": name}),
        (ClassIn, {"name": name, "grade": 10}),
        (MarksIn, {"exam": name, "exam_date": None, "marks": [{"student_id": 1, "mark": 5}]}),
        (TopicIn, {"name": name, "exam_weightage": 1, "estimated_hours": 1}),
        (ContentTopicIn, {"topic": name, "estimated_hours": 1}),
    ):
        with pytest.raises(ValidationError) as refused:
            kind.model_validate(body)
        assert refused.value.error_count() == 1, kind


def test_blanks_around_a_name_are_left_out() -> None:
    assert ClassIn(name=" 10a ", grade=10).name == "10a"
    body = {"username": " ann ", "password": " correct ", "role": "teacher"}
    account = RegisterIn.model_validate(body)
    assert (account.username, account.password) == ("ann", " correct ")
    for username in ("  ab  ", "x" * 51):
        with pytest.raises(ValidationError):
            RegisterIn.model_validate(body | {"username": username})
