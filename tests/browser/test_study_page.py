"""The study page in a real browser: what to study, practice, plans, and a lost connection."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.school import PASSWORD, Account, School
from tests.support.browser import WatchedPage, errors_but_refusals
from tests.support.local_server import LocalServer

PATH = "/learn"
ATTEMPTS = "**/api/learning/attempts"
NO_STORE = "Object.defineProperty(globalThis, 'indexedDB', { value: undefined })"
"""Script that leaves the browser without databases, as in some private windows."""
ANSWER_AT_ONCE = """
new MutationObserver(async (_, observer) => {
  const heading = document.querySelector("form h1.q");
  if (!heading) return;
  observer.disconnect();
  for (const key of ["1", "Enter", "1", "Enter"]) {
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    for (let turn = 0; turn < 9; turn += 1) await null;
  }
}).observe(document, { childList: true, subtree: true });
"""
"""Script that answers the first question in the task that shows it, before any effect of the page
runs; each key waits for the page to render, which takes microtasks only."""
LONG_WORD = "Wahrscheinlichkeitsverteilungsfunktionsgleichungen"
HOSTILE = "<img src=x onerror=alert(1)>"
TOPIC = f"{HOSTILE} {LONG_WORD}"
Visit = Callable[..., WatchedPage]


@pytest.fixture
def visit(visit: Visit, school: School) -> Visit:
    """Open a page without waiting for further requests; the tests wait for what they expect."""
    return partial(visit, idle=False, url=school.url)


@pytest.fixture
def amira(school: School) -> Account:
    """A student who has practised for a month."""
    return school.log_in("amira")


@pytest.fixture
def newcomer(school: School) -> Account:
    return school.register()


@pytest.fixture(scope="session")
def hostile_topic(school: School) -> str:
    """The id of a topic with a question of each type, whose texts contain markup."""
    teacher = school.log_in()
    question = {"topic": TOPIC, "concept": f"<b>concept</b> {LONG_WORD}", "difficulty": "easy"}
    options = [
        "</script><script>alert(1)</script>",
        "محمد عبد الرحمن",
        "${alert(1)} {{7*7}}",
        LONG_WORD,
    ]
    teacher.post(
        "content",
        {
            "topics": [{"topic": TOPIC, "exam_weightage": 1, "estimated_hours": 2}],
            "concepts": [{"topic": TOPIC, "concept": question["concept"]}],
            "questions": [
                {
                    **question,
                    "question_text": f"Choose {HOSTILE} {LONG_WORD}",
                    "question_type": "mcq",
                    "options": options,
                    "correct_answer": options[1],
                    "expected_time_seconds": 30,
                },
                {
                    **question,
                    "question_text": "How much is 5 / 2?",
                    "question_type": "numerical",
                    "correct_answer": "2.5",
                    "expected_time_seconds": 30,
                },
                {
                    **question,
                    "question_text": "0 is even.",
                    "question_type": "true_false",
                    "correct_answer": "true",
                    "expected_time_seconds": 30,
                },
            ],
        },
    )
    return next(
        str(topic["id"]) for topic in teacher.get("topics")["topics"] if topic["name"] == TOPIC
    )


def open_as(visit: Visit, account: Account, path: str = PATH, **options: Any) -> WatchedPage:
    watched = visit(PATH, **options)
    account.enter(watched, path)
    return watched


def sent_attempts(page: Page, account: Account) -> list[dict[str, Any]]:
    """Return the attempts at the server once the page shows that all were sent."""
    expect(page.locator(".bar .badge")).to_contain_text("Synced")
    return attempts(account)


def attempts(account: Account) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = account.get("attempts", limit=50)["attempts"]
    return rows


def answer(page: Page, option: str = "1", confidence: str = "3") -> None:
    """Answer the question on the page by keyboard."""
    expect(page.get_by_role("button", name="Send answer")).to_be_visible()
    for key in (option, "Enter", confidence, "Enter"):
        page.keyboard.press(key)


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_every_view_of_the_study_page_is_accessible_and_fits(
    visit: Visit, school: School, hostile_topic: str, width: int, *, dark: bool
) -> None:
    bruno = school.log_in("bruno")
    watched = visit(PATH, width=width, dark=dark)
    page = watched.page

    def check() -> None:
        assert watched.overflow_at(320, 640, 2560, width) == [0, 0, 0, 0]
        assert watched.violations() == []

    page.get_by_role("button", name="Create an account").press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    check()
    bruno.enter(watched, PATH)
    expect(page.locator("h1")).to_contain_text("75 days to your exam.")
    page.get_by_role("button", name="Plan today").or_(
        page.get_by_role("button", name="Plan again")
    ).click()
    expect(page.locator(".plan li").first).to_be_visible()
    page.get_by_role("button", name="Plan the week").first.click()
    expect(page.locator(".week tr").first).to_be_visible()
    page.get_by_role("button", name="Something else").click()
    page.locator("summary", has_text="Why this").click()
    check()
    page.get_by_role("button", name="Change exam and hours").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Progress", exact=True).click()
    expect(page.locator("h1")).to_have_text("What you know")
    page.locator("summary", has_text="As a table").click()
    check()
    page.get_by_role("link", name="Practise", exact=True).click()
    expect(page.locator("h1")).to_have_text("What do you want to practise?")
    check()
    page.goto(f"{PATH}#practise={hostile_topic}")
    for _question in range(3):
        expect(page.get_by_role("button", name="Send answer")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator(".error")).to_be_visible()
        check()
        answer(page, "2")
        expect(page.get_by_role("button", name="Next question")).to_be_visible()
        check()
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Finish").click()
    expect(page.locator("h1")).to_contain_text("right")
    check()
    assert watched.errors == []


def test_student_logs_in_and_answers_by_keyboard_alone(visit: Visit, school: School) -> None:
    watched = visit(PATH)
    page = watched.page
    expect(page.get_by_role("button", name="Log in")).to_be_visible()

    def go_to(words: str) -> None:
        for _tab in range(40):
            page.keyboard.press("Tab")
            if page.locator("button:focus, a:focus, input:focus", has_text=words).count():
                return
        raise AssertionError(f"{words} cannot be reached by Tab")

    page.get_by_label("Name of your account").focus()
    page.keyboard.type("chiara")
    page.keyboard.press("Tab")
    page.keyboard.type(school.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Start practising")).to_be_visible()
    before = len(attempts(school.log_in("chiara")))
    assert before == 50  # the most that `attempts` asks for, so the number cannot grow
    newest = attempts(school.log_in("chiara"))[0]["id"]
    go_to("Start practising")
    page.keyboard.press("Enter")
    for number in (1, 2):
        expect(page.get_by_text(f"Question {number}")).to_be_visible()
        answer(page, "1", str(number))
        expect(page.get_by_role("button", name="Next question")).to_be_visible()
        page.keyboard.press("Enter")
    expect(page.get_by_text("Question 3")).to_be_visible()
    second, first, earlier = sent_attempts(page, school.log_in("chiara"))[:3]
    assert (first["confidence"], second["confidence"]) == (1, 2)
    assert earlier["id"] == newest
    assert 0 < first["time_taken_seconds"] < 60
    assert watched.errors == []


def test_heading_states_the_marks_to_gain_and_the_card_gives_the_reasons(
    visit: Visit, amira: Account
) -> None:
    page = open_as(visit, amira).page
    best, *others = amira.get("recommendations", limit=20)["recommendations"]
    prediction = amira.get("plan")["prediction"]
    expect(page.locator("#next")).to_have_text(best["topic_name"])
    expect(page.locator("h1")).to_contain_text("The next 20 min can earn you about")
    components = best["components"]
    expect(page.locator(".why")).to_contain_text(f"+{components['session_marks']:.2f}")
    expect(page.locator(".why")).to_contain_text(f"{components['exam_weightage']:.1f} %")
    expect(page.get_by_text("If you stopped now")).to_contain_text(
        f"{round(prediction['without_study']['mark'])} of 100 marks"
    )
    page.locator("summary", has_text="Why this").click()
    expect(page.get_by_text(best["explanation"])).to_be_visible()
    page.get_by_role("button", name="Something else").click()
    for each in others[:4]:
        expect(page.locator(".others")).to_contain_text(each["topic_name"])
    page.get_by_role("button", name="Plan today").click()
    expect(page.locator("h1")).to_contain_text("Today can earn you about")
    (plan,) = amira.get("plan")["plans"]
    gains = {each["topic_id"]: each["components"] for each in (best, *others)}
    day = plan["plan"]["daily_plans"][0]
    rows = [row for row in (*day["topics"], *day["revisions"]) if row["topic_id"] in gains]
    expected = sum(
        min(
            gains[row["topic_id"]]["expected_marks_gain"],
            gains[row["topic_id"]]["marks_per_hour"] * row["allocated_hours"],
        )
        for row in rows
    )
    assert expected > components["session_marks"]
    expect(page.locator("h1")).to_contain_text(  # as `marks` of public/learn/texts.js writes them
        f"{expected:.2f} marks" if expected < 0.95 else f"{expected:.1f}"
    )
    expect(page.locator(".plan li")).to_have_count(len(day["topics"]) + len(day["revisions"]))


def test_new_student_registers_and_sees_their_class_and_exam(visit: Visit, school: School) -> None:
    teacher = school.register("teacher", "teacher")
    code = teacher.post("classes", {"name": f"Class {HOSTILE}", "grade": 9})["class"]["join_code"]
    watched = visit(PATH)
    page = watched.page
    page.get_by_label("Choose a name").fill(f"{HOSTILE} new")
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_label("Your exam").fill(HOSTILE)
    page.get_by_label("Date of the exam").fill("2099-01-01")
    page.get_by_label("School year").fill("9")
    page.get_by_label("Class code").fill(code.lower())
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("days to your exam.")
    expect(page.get_by_text(f"Class {HOSTILE}")).to_be_visible()
    expect(page.get_by_text(f"{HOSTILE} on 1 January 2099")).to_be_visible()
    expect(page.get_by_text("No answers in the last 30 days.")).to_be_visible()
    assert watched.violations() == []
    assert watched.errors == []


def test_wrong_class_code_is_reported_and_can_be_corrected(
    visit: Visit, school: School, newcomer: Account
) -> None:
    watched = open_as(visit, newcomer)
    page = watched.page
    page.get_by_label("Class code").fill("NOSUCHCODE")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No class has this code.")).to_be_visible()
    page.get_by_label("Class code").fill("SCIENCE7")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are in 10 science now.")).to_be_visible()
    assert newcomer.get("profile")["class_id"] == school.log_in().get("classes")["classes"][0]["id"]
    assert errors_but_refusals(watched) == []


def test_wrong_password_and_taken_name_are_reported(visit: Visit) -> None:
    watched = visit(PATH)
    page = watched.page
    page.get_by_label("Name of your account").fill("amira")
    page.get_by_label("Password", exact=True).fill("not her password")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Name or password is wrong.")).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.get_by_label("Choose a name").fill("amira")
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_label("Your exam").fill("Finals")
    page.get_by_label("School year").fill("9")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This name is taken.")).to_be_visible()
    assert page.evaluate("localStorage.getItem('stepwise.account')") is None
    assert errors_but_refusals(watched) == []


@pytest.mark.parametrize("is_right", [True, False])
def test_every_type_of_question_is_answered_and_graded(
    visit: Visit, newcomer: Account, hostile_topic: str, *, is_right: bool
) -> None:
    watched = open_as(visit, newcomer, f"{PATH}#practise={hostile_topic}")
    page = watched.page
    mcq = page.get_by_role("heading", name="Choose <img")
    number = page.get_by_role("heading", name="How much")
    truth = page.get_by_role("heading", name="0 is even")
    kinds = []
    for _question in range(3):
        expect(mcq.or_(number).or_(truth)).to_be_visible()
        if number.count():
            kinds.append("number")
            page.get_by_label("Your answer").fill("2,5" if is_right else "\u22122")
        else:
            kinds.append("mcq" if mcq.count() else "truth")
            page.get_by_label(
                "محمد عبد الرحمن"
                if mcq.count() and is_right
                else LONG_WORD
                if mcq.count()
                else "True"
                if is_right
                else "False"
            ).last.check()
        page.get_by_label("Fairly sure").check()
        page.get_by_role("button", name="Send answer").click()
        expect(page.locator("h1")).to_have_text("Right." if is_right else "Not quite.")
        expect(page.locator("[data-is=right]")).to_contain_text("The right answer")
        expect(page.locator("[data-is=wrong]")).to_have_count(0 if is_right else 1)
        page.get_by_role("button", name="Next question").click()
    assert sorted(kinds) == ["mcq", "number", "truth"]
    assert [each["is_correct"] for each in sent_attempts(page, newcomer)] == [is_right] * 3
    page.get_by_role("button", name="Finish").click()
    expect(page.locator("h1")).to_have_text("3 of 3 right" if is_right else "0 of 3 right")
    assert watched.errors == []


def test_answer_without_a_store_survives_a_lost_connection_and_a_reload(
    visit: Visit, newcomer: Account, hostile_topic: str
) -> None:
    watched = visit("/icon.svg")
    page = watched.page
    page.add_init_script(NO_STORE)
    newcomer.enter(watched, f"{PATH}#practise={hostile_topic}")
    page.route(
        ATTEMPTS,
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )
    answer(page)
    expect(page.get_by_text("This browser keeps no data for this page.")).to_be_visible()
    expect(page.get_by_text("Your answer is kept on this device")).to_be_visible()
    expect(page.locator(".bar .badge")).to_contain_text("1 answer waiting")
    assert attempts(newcomer) == []
    page.reload()
    page.goto(PATH)
    expect(page.get_by_role("heading", name="On this device")).to_be_visible()
    assert watched.violations() == []
    page.unroute(ATTEMPTS)
    page.get_by_role("button", name="Send now").click()
    expect(page.locator(".bar .badge")).to_contain_text("Synced")
    assert len(attempts(newcomer)) == 1


def test_answer_without_a_store_is_recorded_once_if_its_acknowledgement_is_lost(
    visit: Visit, newcomer: Account, hostile_topic: str
) -> None:
    watched = visit("/icon.svg")
    page = watched.page
    page.add_init_script(NO_STORE)
    newcomer.enter(watched, f"{PATH}#practise={hostile_topic}")
    pending_losses = [True]

    def lose_the_acknowledgement(route: Route) -> None:
        if route.request.method == "POST" and pending_losses:
            pending_losses.pop()
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(ATTEMPTS, lose_the_acknowledgement)
    answer(page)
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_role("button", name="Next question")).to_be_visible()
    assert len(attempts(newcomer)) == 1


def test_double_click_sends_one_answer(visit: Visit, newcomer: Account, hostile_topic: str) -> None:
    page = open_as(visit, newcomer, f"{PATH}#practise={hostile_topic}").page
    expect(page.get_by_role("button", name="Send answer")).to_be_visible()
    for key in ("1", "Enter", "2"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Send answer").dblclick()
    expect(page.get_by_role("button", name="Next question")).to_be_visible()
    assert len(sent_attempts(page, newcomer)) == 1


def test_answer_that_is_given_at_once_gets_its_feedback(
    visit: Visit, newcomer: Account, hostile_topic: str
) -> None:
    watched = visit("/icon.svg")
    watched.page.add_init_script(ANSWER_AT_ONCE)
    newcomer.enter(watched, f"{PATH}#practise={hostile_topic}")
    expect(watched.page.get_by_role("button", name="Next question")).to_be_visible(timeout=10_000)
    assert len(sent_attempts(watched.page, newcomer)) == 1
    assert watched.errors == []


def test_settings_change_the_exam_and_the_heading(visit: Visit, newcomer: Account) -> None:
    watched = open_as(visit, newcomer)
    page = watched.page
    page.get_by_role("button", name="Change exam and hours").click()
    page.get_by_label("Hours a day").fill("0")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Enter a number from 0.5 to 24.")).to_be_visible()
    page.get_by_label("Hours a day").fill("1.5")
    page.get_by_label("Date of the exam").fill("2020-01-01")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Your exam is over.Set the date of your next exam.")
    expect(page.locator(".bar .badge")).to_contain_text("Synced")
    profile = newcomer.get("profile")
    assert (profile["available_hours_per_day"], profile["exam_date"]) == (
        1.5,
        "2020-01-01T00:00:00Z",
    )
    assert errors_but_refusals(watched) == []


def test_student_who_decides_alone_sees_why_there_is_no_advice(
    visit: Visit, school: School
) -> None:
    teacher = school.register("teacher", "teacher")
    school_class = teacher.post("classes", {"name": "Arms", "grade": 9})["class"]
    student = school.register()
    student.post("classes/join", {"code": school_class["join_code"]})
    own = {"student_id": student.get("profile")["id"], "arm": "own"}
    teacher.post(f"classes/{school_class['id']}/plan-arms", {"students": [own]})
    page = open_as(visit, student).page
    expect(page.get_by_text("You decide what to study")).to_be_visible()
    page.get_by_role("button", name="Plan today").click()
    expect(page.get_by_text("You decide for yourself what to study")).to_be_visible()
    page.get_by_role("link", name="Practise", exact=True).first.click()
    expect(page.get_by_role("link", name="Vectors")).to_be_visible()


def test_log_in_is_renewed_and_its_end_is_reported(visit: Visit, newcomer: Account) -> None:
    watched = visit(PATH)
    page = watched.page
    newcomer.enter(watched, PATH, access="expired")
    expect(page.locator("h1")).to_contain_text("days to your exam.")
    assert (
        page.evaluate("JSON.parse(localStorage.getItem('stepwise.account')).refresh")
        != newcomer.refresh
    )
    newcomer.enter(watched, PATH, access="expired", refresh="used before")
    expect(page.get_by_text("Your log-in has ended.")).to_be_visible()
    assert page.evaluate("localStorage.getItem('stepwise.account')") is None
    assert errors_but_refusals(watched) == []


def test_log_out_forgets_the_tokens_and_ends_them(visit: Visit, newcomer: Account) -> None:
    watched = open_as(visit, newcomer)
    page = watched.page
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert page.evaluate("localStorage.getItem('stepwise.account')") is None
    refusal = page.request.post(
        f"{newcomer.url}/api/auth/refresh", data={"refresh_token": newcomer.refresh}
    )
    assert refusal.status == 401


def test_teacher_is_shown_the_way_to_the_classes(visit: Visit, school: School) -> None:
    page = open_as(visit, school.log_in()).page
    page.get_by_role("link", name="Open your classes").click()
    expect(page.locator("h1")).to_contain_text("10 science")


def test_page_explains_that_there_are_no_topics(visit: Visit, server: LocalServer) -> None:
    student = School(server.url, "").register()
    watched = visit(PATH, url=server.url)
    student.enter(watched, PATH)
    page = watched.page
    expect(page.locator("h1")).to_contain_text("days to your exam.")
    page.get_by_role("link", name="Progress", exact=True).click()
    expect(page.get_by_text("There are no topics yet")).to_be_visible()
    page.get_by_role("link", name="Practise", exact=True).click()
    expect(page.get_by_text("There are no topics yet")).to_be_visible()
    assert watched.violations() == []
    assert watched.errors == []


def test_landing_page_leads_to_what_to_study_and_to_the_classes(
    visit: Visit, school: School
) -> None:
    """The pages themselves name the demo's accounts, so no document has to be read."""
    page = visit("/", url=school.url).page
    page.get_by_role("link", name="Find what to study today").click()
    page.get_by_role("button", name="Look around as amira").click()
    expect(page.get_by_role("link", name="Start practising")).to_be_visible()
    page.get_by_role("link", name="Stepwise").click()
    page.get_by_role("link", name="Open your classes").click()
    expect(page.get_by_text("This page is for teachers")).to_be_visible()
