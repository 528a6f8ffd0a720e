"""The class page in a real browser: classes, risk, predictions, marks and the comparison."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.school import Account, School
from tests.support.browser import WatchedPage, errors_but_refusals

PATH = "/teach"
LONG_WORD = "Naturwissenschaftsleistungskursteilnehmer"
HOSTILE = "<img src=x onerror=alert(1)>"
Visit = Callable[..., WatchedPage]


@pytest.fixture
def visit(visit: Visit, school: School) -> Visit:
    """Open a page without waiting for further requests; the tests wait for what they expect."""
    return partial(visit, idle=False, url=school.url)


@pytest.fixture
def teacher(school: School) -> Account:
    """A teacher of the demo, with a class of 25."""
    return school.log_in()


@pytest.fixture
def tutor(school: School) -> Account:
    """A teacher without a class."""
    return school.register("tutor", "teacher")


def new_class(tutor: Account, name: str = "9 A") -> dict[str, Any]:
    school_class: dict[str, Any] = tutor.post("classes", {"name": name, "grade": 9})["class"]
    return school_class


def new_student(school: School, school_class: dict[str, Any], name: str = "pupil") -> Account:
    student = school.register(name)
    student.post("classes/join", {"code": school_class["join_code"]})
    return student


def open_as(visit: Visit, account: Account, path: str = PATH, **options: Any) -> WatchedPage:
    watched = visit(PATH, **options)
    account.enter(watched, path)
    return watched


def row_of(page: Page, name: str) -> Any:
    return page.locator(".rk tbody tr").filter(has=page.get_by_role("button", name=name))


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_every_view_of_the_class_page_is_accessible_and_fits(
    visit: Visit, school: School, tutor: Account, width: int, *, dark: bool
) -> None:
    school_class = new_class(tutor, f"{HOSTILE} {LONG_WORD}")
    new_student(school, school_class, HOSTILE)
    new_student(school, school_class, LONG_WORD)
    watched = visit(PATH, width=width, dark=dark)
    page = watched.page

    def check() -> None:
        assert watched.overflow_at(320, 640, 2560, width) == [0, 0, 0, 0]
        assert watched.violations() == []

    page.get_by_role("button", name="Create an account").press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    check()
    tutor.enter(watched, PATH)
    expect(page.locator(".rk tbody tr")).to_have_count(2)
    check()
    page.get_by_role("button", name="Enter exam marks").click()
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Enter the name of the exam.")).to_be_visible()
    check()
    page.keyboard.press("Escape")
    page.locator(".rk tbody button").first.click()
    page.get_by_role("button", name="Remove from the class").click()
    check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Draw two halves").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check()
    assert watched.errors == []


def test_class_shows_who_is_at_risk_and_the_predicted_marks(visit: Visit, teacher: Account) -> None:
    watched = open_as(visit, teacher)
    page = watched.page
    school_class = teacher.get("classes")["classes"][0]
    analytics = teacher.get("class-analytics", class_id=school_class["id"])
    high = [row for row in analytics["at_risk_students"] if row["risk_level"] == "high"]
    assert 0 < len(high) < len(analytics["predictions"])
    expect(page.locator("h1")).to_contain_text(
        f"{school_class['name']}: {len(high)} of {school_class['student_count']}"
        " students at high risk"
    )
    interval = analytics["confidence_interval"]
    expect(page.get_by_text("If the exam were today, the class")).to_contain_text(
        f"{round(analytics['predicted_avg_score'])} of 100 marks"
    )
    expect(page.get_by_text("If the exam were today, the class")).to_contain_text(
        f"between {round(interval['lower'])} and {round(interval['upper'])}"
    )
    page.get_by_role("button", name="at high risk").click()
    expect(
        page.get_by_text(f"{len(high)} of {school_class['student_count']} students", exact=True)
    ).to_be_visible()
    first = min(
        (
            row
            for row in analytics["predictions"]
            if row["student_id"] in {each["student_id"] for each in high}
        ),
        key=lambda row: row["predicted_score"],
    )
    row = row_of(page, first["student_name"])
    bounds = first["confidence_interval"]
    expect(row).to_contain_text(f"{round(bounds['lower'])} to {round(bounds['upper'])}")
    reason = next(each for each in high if each["student_id"] == first["student_id"])
    mastery = round(reason["avg_mastery"])
    expect(row).to_contain_text(f"Mastery {mastery} in the topics with the most marks")
    expect(row).to_contain_text(reason["weak_topics"][0]["topic_name"])
    row.get_by_role("button").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Lowest topics")
    page.keyboard.press("Escape")
    begun_topics = [each for each in analytics["topics"] if each["avg_mastery"] > 0]
    expect(page.locator(".mb tbody tr").first).to_contain_text(begun_topics[0]["topic_name"])
    assert watched.errors == []


def test_teacher_creates_a_class_and_a_student_joins(
    visit: Visit, school: School, tutor: Account
) -> None:
    watched = open_as(visit, tutor)
    page = watched.page
    page.get_by_role("button", name="New class").press("Enter")
    page.get_by_label("Name of the class").fill(HOSTILE)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Enter a number from 1 to 12.")).to_be_visible()
    page.get_by_label("School year").fill("9")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(f"{HOSTILE}: nobody has joined yet")
    code = page.locator(".big.mono").inner_text()
    student = school.register()
    student.post("classes/join", {"code": code})
    page.get_by_role("button", name="New code").click()
    expect(page.locator(".big.mono")).not_to_have_text(code)
    expect(row_of(page, student.username)).to_be_visible()
    page.get_by_role("button", name="Close the class", exact=True).click()
    expect(page.get_by_text("Nobody can join now.")).to_be_visible()
    assert tutor.get("classes")["classes"][0]["join_code"] is None
    page.get_by_role("button", name="New class").click()
    page.get_by_label("Name of the class").fill("Second")
    page.get_by_label("School year").fill("10")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Second: nobody has joined yet")
    page.get_by_label("Class", exact=True).select_option(HOSTILE)
    expect(row_of(page, student.username)).to_be_visible()
    assert watched.errors == []


def test_teacher_enters_exam_marks(visit: Visit, school: School, tutor: Account) -> None:
    school_class = new_class(tutor)
    names = [new_student(school, school_class).username for _number in range(3)]
    watched = open_as(visit, tutor)
    page = watched.page
    page.get_by_role("button", name="Enter exam marks").click()
    page.get_by_label("Name of the exam").fill("Final")
    page.get_by_label("Date of the exam").fill("2026-11-02")
    page.get_by_label(f"Mark of {names[0]}").fill("101")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Enter a number from 0 to 100.")).to_be_visible()
    assert tutor.get("exam-marks", class_id=school_class["id"])["marks"] == []
    page.get_by_label(f"Mark of {names[0]}").fill("71,5")
    page.get_by_label(f"Mark of {names[1]}").fill("0")
    page.get_by_role("button", name="Save 2 marks").click()
    expect(
        page.get_by_text("Final, 2 November 2026: an average of 36 over 2 marks")
    ).to_be_visible()
    marks = tutor.get("exam-marks", class_id=school_class["id"])["marks"]
    assert sorted(row["mark"] for row in marks) == [0, 71.5]
    row_of(page, names[0]).get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_contain_text("71.5")
    assert watched.errors == []


def test_comparison_is_drawn_stated_with_its_interval_and_ended(
    visit: Visit, school: School, tutor: Account
) -> None:
    school_class = new_class(tutor)
    for _number in range(4):
        new_student(school, school_class)
    watched = open_as(visit, tutor)
    page = watched.page
    page.get_by_role("button", name="Draw two halves").click()
    expect(page.get_by_role("dialog")).to_contain_text("get no recommendations and no plans")
    page.get_by_role("button", name="Draw for 4 students").click()
    arms = page.get_by_role("table", name="Marks with and without plans")
    expect(arms.get_by_role("row").nth(1)).to_contain_text("Follow the planner")
    expect(page.get_by_text("at least two marks from each arm")).to_be_visible()
    # All have an arm by now, so this draws for nobody and returns the arms.
    members = tutor.post(f"classes/{school_class['id']}/plan-arms", {"draw": True})["students"]
    marks = [
        {"student_id": each["student_id"], "mark": (60 if each["arm"] == "planner" else 40) + place}
        for place, each in enumerate(members)
    ]
    tutor.post("exam-marks", {"exam": "Final", "exam_date": "2099-06-01", "marks": marks})
    page.reload()
    comparison = tutor.get("class-analytics", class_id=school_class["id"])["plan_arms"]
    assert comparison["difference"] is not None
    sentence = page.get_by_text("With plans +")
    expect(sentence).to_contain_text(f"+{comparison['difference']:.1f} marks")
    expect(sentence).to_contain_text(f"+{comparison['confidence_interval']['upper']:.1f}")
    expect(page.get_by_text(comparison["note"])).to_be_visible()
    page.get_by_role("button", name="End the comparison").click()
    page.get_by_role("dialog").get_by_role("button", name="End the comparison").click()
    expect(page.get_by_role("button", name="Draw two halves")).to_be_visible()
    assert watched.errors == []


def test_teacher_takes_a_student_out_of_the_class(
    visit: Visit, school: School, tutor: Account
) -> None:
    school_class = new_class(tutor)
    remaining, removed = new_student(school, school_class), new_student(school, school_class)
    watched = open_as(visit, tutor)
    page = watched.page
    row_of(page, removed.username).get_by_role("button").click()
    page.get_by_role("button", name="Remove from the class").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".rk tbody tr")).to_have_count(1)
    expect(row_of(page, remaining.username)).to_be_visible()
    assert removed.get("profile")["class_id"] is None
    assert watched.errors == []


def test_devices_of_students_show_their_last_sync_and_what_waits(
    visit: Visit, school: School, tutor: Account
) -> None:
    school_class = new_class(tutor)
    student = new_student(school, school_class)
    page = open_as(visit, tutor).page
    expect(page.get_by_text("No student has studied on a device of their own.")).to_be_visible()
    device = {"id": str(uuid4()), "name": HOSTILE, "schema_version": 1, "syncs": 0}
    student.post("sync", {"device": {**device, "pending": 3, "rejected": 1}})
    page.reload()
    card = page.locator("section").filter(has=page.get_by_role("heading", name="Devices"))
    expect(card).to_contain_text(student.username)
    expect(card).to_contain_text(HOSTILE)
    expect(card).to_contain_text("last synced")
    expect(card).to_contain_text("3 changes waiting")
    expect(card).to_contain_text("1 change refused")


def test_invitation_is_asked_for_where_the_server_needs_one(visit: Visit) -> None:
    watched = visit(PATH)
    page = watched.page
    page.get_by_label("Choose a name").fill("uninvited")
    page.get_by_label("Choose a password").fill("correct horse battery")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Enter your invitation code.")).to_be_visible()
    page.get_by_label("Invitation code").fill("no such code")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This code is unknown, used or expired.")).to_be_visible()
    assert errors_but_refusals(watched) == []


def test_student_is_shown_the_way_to_the_study_page(visit: Visit, school: School) -> None:
    page = open_as(visit, school.register()).page
    page.get_by_role("link", name="Open your study page").click()
    expect(page.locator("h1")).to_contain_text("days to your exam.")
