"""The landing page and the API docs, in a real browser with the real security policy."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Browser, Dialog, expect

from local.demo.examples import examples
from tests.support.browser import WatchedPage
from tests.support.local_server import LocalServer

PAGES = ("/", "/docs")
CALL = re.compile(r"^curl (?:.*\\\n)*.*$", re.MULTILINE)
Visit = Callable[..., WatchedPage]
BROKEN_WORDS = """() => {
  const broken = [];
  let count = 0;
  for (const cell of document.querySelectorAll(".endpoint th, .endpoint td")) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      if (text.parentElement.closest(".value")) continue;  // an id is not a word
      for (const word of text.data.matchAll(/[^\\s-]+/g)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        const tops = [...range.getClientRects()].map((box) => Math.round(box.top));
        count += tops.length > 0;
        if (new Set(tops).size > 1) broken.push(word[0]);
      }
    }
  }
  return [count, broken];
}"""
"""Count the visible words in the tables of endpoints, and list those broken over several lines.

Values are left out.
"""


@pytest.mark.parametrize("path", PAGES)
def test_page_breaks_no_policy_and_logs_no_error(visit: Visit, path: str) -> None:
    assert visit(path).errors == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [320, 768, 1440])
def test_page_fits_the_window(visit: Visit, path: str, width: int) -> None:
    assert visit(path, width=width).overflow <= 0


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_page_is_accessible(visit: Visit, path: str, width: int, *, dark: bool) -> None:
    watched = visit(path, width=width, dark=dark)
    assert watched.violations() == []
    assert watched.errors == []


def test_faults_of_accessibility_are_found(visit: Visit) -> None:
    watched = visit("/")
    watched.page.evaluate("document.body.append(new Image())")
    assert [fault for fault in watched.violations() if fault.startswith("image-alt")]


@pytest.mark.parametrize("path", PAGES)
def test_page_is_served_with_a_policy_without_unsafe_rules(server: LocalServer, path: str) -> None:
    policy = httpx.get(server.url + path).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy


def test_landing_page_shows_that_postgres_and_redis_are_up(visit: Visit) -> None:
    page = visit("/").page
    expect(page.locator("#status")).to_have_text("healthy")
    expect(page.locator("#postgres")).to_have_text("up")
    expect(page.locator("#redis")).to_have_text("up")


@pytest.mark.parametrize(
    ("health", "meaning"),
    [
        ({"status": "healthy", "schema": {"missing": [], "waiting": [], "remarks": []}}, ""),
        ({"status": "unavailable", "schema": None}, "Postgres is down: "),
        (
            {
                "status": "unavailable",
                "schema": {"missing": ["public.a", "b.c"], "waiting": [], "remarks": ["run it"]},
            },
            "Missing: public.a, b.c. run it",
        ),
        (
            {"status": "degraded", "schema": {"missing": [], "waiting": ["a"], "remarks": ["x"]}},
            "x",
        ),
        ({"status": "degraded", "schema": {"remarks": []}, "services": {"redis": "down"}}, "Redis"),
        (
            {"status": "degraded", "schema": {"behind": True, "remarks": ["upgrade it"]}},
            "upgrade it",
        ),
        ({"status": "degraded", "schema": {"remarks": []}, "remarks": ["half a Redis"]}, "half a "),
        (
            {
                "status": "unavailable",
                "schema": None,
                "services": {"postgres": "not configured"},
                "remarks": ["POSTGRES_URL: no"],
            },
            "POSTGRES_URL: no",
        ),
        (
            {
                "status": "unavailable",
                "schema": None,
                "services": {"postgres": "down", "redis": "up"},
                "remarks": ["unknown option"],
            },
            "Postgres is down: ",
        ),
    ],
)
def test_landing_page_explains_the_health(
    visit: Visit, health: dict[str, object], meaning: str
) -> None:
    script = "health => import('/landing/model.js').then(page => page.meaning(health))"
    sentence = visit("/").page.evaluate(script, {"services": {"redis": "up"}, **health})
    assert sentence.startswith(meaning)
    assert bool(sentence) == bool(meaning)


def test_landing_page_shows_that_the_service_is_unreachable(
    visit: Visit, start_server: Callable[[], LocalServer]
) -> None:
    server = start_server()
    page = visit("/", url=server.url).page
    server.stop()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#status")).to_have_text("unreachable")


def test_landing_page_takes_a_short_test_by_keyboard_alone(
    visit: Visit, student_server: LocalServer
) -> None:
    watched = visit("/", url=student_server.url)
    page = watched.page
    expect(page.locator(".bars tr")).to_have_text([re.compile("not known yet")] * 5)
    page.get_by_role("button", name="Take a test now").press("Enter")
    for number in range(1, 9):
        expect(page.get_by_text(f"Question {number} of 8")).to_be_visible()
        expect(page.locator("#demo [aria-live]")).to_contain_text("This one is about")
        if number > 1:
            expect(page.locator("#demo [aria-live]")).to_contain_text("after your last answer.")
        if number == 3:
            assert watched.violations() == []
            assert watched.overflow_at(320, 640, 2560, 1200) == [0, 0, 0, 0]
        page.keyboard.press("1")
        page.keyboard.press("Enter")
    expect(page.locator("#demo h2")).to_be_focused()
    expect(page.locator("#demo h2")).to_contain_text("the middle in")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your profile")).to_be_visible()
    assert watched.errors == []


def test_bars_of_the_short_test_move_with_each_answer(
    visit: Visit, student_server: LocalServer
) -> None:
    page = visit("/", url=student_server.url).page
    page.get_by_role("button", name="Take a test now").click()
    expect(page.get_by_text("Question 1 of 8")).to_be_visible()
    places = "rows => rows.map(row => row.querySelector('.dot').getAttribute('cx'))"
    before = page.locator(".bars tr").evaluate_all(places)
    assert before == ["50%"] * 5
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Question 2 of 8")).to_be_visible()
    after = page.locator(".bars tr").evaluate_all(places)
    assert after != before
    current_test = page.evaluate("JSON.parse(localStorage.getItem('stepwise.tests')).current")
    response = httpx.get(
        f"{student_server.url}/api/student/{current_test['studentId']}/proficiency",
        headers={"X-Session-Id": current_test["sessionId"]},
    ).json()
    values = dict(zip(response["concept_names"], response["proficiency"], strict=True))
    names = page.locator(".bars th").all_inner_texts()
    assert after == [f"{round(100 * values[name])}%" for name in names]
    page.reload()
    expect(page.get_by_text("Question 2 of 8")).to_be_visible()
    assert page.locator(".bars tr").evaluate_all(places) == after


def test_short_test_reports_a_missing_demo_pool(visit: Visit) -> None:
    page = visit("/").page
    page.get_by_role("button", name="Take a test now").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no demo test here.")
    expect(page.get_by_role("button", name="Take a test now")).to_be_visible()


@pytest.mark.parametrize("link_name", ["Open your workshop", "Open the test page"])
def test_landing_page_leads_students_to_their_pages(visit: Visit, link_name: str) -> None:
    page = visit("/").page
    page.get_by_role("link", name=link_name).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("Open your workshop|Take a test")
    )


def test_local_landing_page_shows_the_first_calls_with_its_own_address(
    visit: Visit, server: LocalServer
) -> None:
    page = visit("/").page
    *calls, health = page.locator("[data-call]").all_inner_texts()
    assert health == f"curl -s {server.url}/health"
    assert calls == CALL.findall(examples(server.url))
    expect(page.locator("#first")).to_be_visible()
    expect(page.locator("#port")).to_have_text(f"port {server.url.rpartition(':')[2]}")


def test_landing_page_of_a_deployment_has_no_calls_of_operators(
    visit: Visit, server: LocalServer
) -> None:
    url = server.url.replace("127.0.0.1", "app.localhost")
    page = visit("/", url=url).page
    assert page.locator("[data-call]:visible").all_inner_texts() == [f"curl -s {url}/health"]
    expect(page.get_by_role("link", name="API docs")).to_be_hidden()
    expect(page.locator("#port")).to_have_text("port 5300 by default")


def test_landing_page_without_javascript_leads_to_the_health_report(
    browser: Browser, server: LocalServer
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.url)
    assert page.locator("[data-call]:visible").all_inner_texts() == [
        "curl -s https://your-app.example/health"
    ]
    expect(page.locator("#status")).to_have_text("not checked yet")
    page.get_by_role("link", name="read its report").click()
    expect(page.locator("body")).to_contain_text("services")
    context.close()


def test_local_landing_page_links_to_the_docs(visit: Visit) -> None:
    page = visit("/").page
    page.get_by_role("link", name="API docs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stepwise API")


def test_docs_list_every_endpoint(visit: Visit, server: LocalServer) -> None:
    paths = httpx.get(f"{server.url}/openapi.json").json()["paths"]
    operations = sorted(
        f"{method.upper()} {path}" for path, methods in paths.items() for method in methods
    )
    summaries = visit("/docs").page.locator("details.endpoint > summary")
    entries = [
        f"{entry.locator('.method').inner_text()} {entry.locator('code').first.inner_text()}"
        for entry in summaries.all()
    ]
    assert sorted(entries) == operations


def test_docs_send_a_call_and_show_its_response(visit: Visit) -> None:
    watched = visit("/docs#get-health")
    entry = watched.page.locator("#get-health")
    entry.get_by_role("button", name="Send").click()
    expect(entry.get_by_role("status")).to_contain_text("200")
    expect(entry.locator("pre").last).to_contain_text('"postgres": "up"')
    assert watched.errors == []


def test_docs_show_examples_of_parameters_body_and_response(visit: Visit) -> None:
    page = visit("/docs#get-api-test-status-session-id-").page
    status = page.locator("#get-api-test-status-session-id-")
    session = "f1dbc627-9b04-5538-902c-2d94deee7af0"
    expect(status.locator("input")).to_have_value(session)
    expect(status.locator("table").first).to_contain_text(session)
    expect(status.locator(".response")).to_contain_text('"is_active": true')
    page.goto("/docs#post-api-test-submit")
    submit = page.locator("#post-api-test-submit")
    expect(submit.locator("textarea")).to_have_value(re.compile('"question_id": "mat-008"'))
    expect(submit.locator(".response")).to_have_count(2)
    expect(submit.locator(".response").last).to_contain_text('"status": "completed"')


@pytest.mark.parametrize("path", ["api-student-progress", "api-track-student-progress"])
def test_docs_fill_in_required_parameters(visit: Visit, path: str) -> None:
    entry = visit(f"/docs#get-{path}").page.locator(f"#get-{path}")
    expect(entry.locator("form pre").first).to_contain_text(re.compile(r"\?\w+="))
    entry.get_by_role("button", name="Send").click()
    expect(entry.get_by_role("status")).to_contain_text(re.compile("200|404"))


def test_docs_state_who_may_call(visit: Visit) -> None:
    entries = visit("/docs").page.locator("details.endpoint")
    for path, callers in (
        ("admin-backup", "operators"),
        ("cleanup-sessions", "schedule"),
        ("student-config-get", "session"),
    ):
        entry = entries.filter(has_text=re.compile(f"/api/{path}"))
        expect(entry.locator(".caller")).to_have_text(callers)
    expect(entries.filter(has_text="/api/test/start").locator(".caller")).to_have_count(0)


def test_docs_list_operators_calls_after_the_other_calls_of_their_context(visit: Visit) -> None:
    groups = visit("/docs").page.locator("#groups a").all_inner_texts()
    assert groups == [
        "Health",
        "Workshop",
        "Workshop: operators",
        "Workshop: legacy tables",
        "Assessment",
        "Assessment: operators",
        "Learning: accounts",
        "Learning",
        "Learning: syllabus",
        "Learning: teachers",
    ]


def test_docs_open_every_endpoint_without_errors_in_a_narrow_window(visit: Visit) -> None:
    watched = visit("/docs", width=320)
    watched.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    expect(watched.page.get_by_role("button", name="Send").first).to_be_visible()
    assert watched.overflow <= 0
    assert watched.errors == []


@pytest.mark.parametrize("width", [390, 1280])
def test_docs_break_no_word_of_a_table_in_the_middle(visit: Visit, width: int) -> None:
    watched = visit("/docs", width=width)
    watched.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    expect(watched.page.get_by_role("button", name="Send").first).to_be_visible()
    # Opening them has added further details; open those, too.
    watched.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    count, broken = watched.page.evaluate(BROKEN_WORDS)
    assert count > 5000
    assert broken == []


def test_docs_show_meaning_and_default_of_each_field(visit: Visit) -> None:
    entry = visit("/docs#post-api-test-start").page.locator("#post-api-test-start")
    fields = entry.locator("table", has_text="end_criteria").first
    row = fields.locator("tr").filter(has_text=re.compile("^end_criteria.max_questions"))
    expect(row).to_contain_text("Number of questions after which the test ends in any case.")
    expect(row).to_contain_text("Default: 20")
    for description in fields.locator("tbody td:last-child").all_inner_texts():
        assert description.strip()


def test_docs_show_the_codes_of_errors(visit: Visit) -> None:
    submit = visit("/docs#post-api-test-submit").page.locator("#post-api-test-submit")
    submit.locator("summary", has_text="Errors").click()
    row = submit.get_by_role("row").filter(has_text="409")
    expect(row).to_contain_text("session_closed: This test is …")


@pytest.mark.parametrize("accepted", [False, True])
def test_docs_ask_before_a_call_that_deletes(visit: Visit, *, accepted: bool) -> None:
    watched = visit("/docs#post-api-admin-delete-student")
    entry = watched.page.locator("#post-api-admin-delete-student")
    questions: list[str] = []

    def answer(dialog: Dialog) -> None:
        questions.append(dialog.message)
        if accepted:
            dialog.accept()
        else:
            dialog.dismiss()

    watched.page.on("dialog", answer)
    entry.get_by_role("button", name="Send").click()
    expect(entry.get_by_role("status")).to_contain_text("401" if accepted else "Not sent")
    (question,) = questions
    assert "POST /api/admin-delete-student" in question


def test_docs_find_an_endpoint_by_part_of_its_path(visit: Visit) -> None:
    page = visit("/docs").page
    page.get_by_label("Find an endpoint").fill("api/health")
    expect(page.locator("details.endpoint:visible")).to_have_count(1)


def test_docs_send_users_calls_with_their_token(visit: Visit) -> None:
    page = visit("/docs#get-api-auth-me").page
    page.locator("#password").fill("a password nobody may see")
    line = page.locator("#get-api-auth-me form pre").first
    expect(line).not_to_contain_text("Authorization")
    page.locator("#token").fill("a token nobody may see")
    expect(line).to_contain_text("Bearer YOUR_ACCESS_TOKEN")
    expect(line).not_to_contain_text("nobody may see")


def test_docs_never_show_the_password_in_the_shell_line(visit: Visit) -> None:
    page = visit("/docs#get-health").page
    page.locator("#password").fill("a password nobody may see")
    line = page.locator("#get-health form pre").first
    expect(line).to_contain_text("YOUR_ADMIN_PASSWORD")
    expect(line).not_to_contain_text("nobody may see")
