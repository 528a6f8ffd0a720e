"""Rosters are imported from files of any origin, and results are exported as a file."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import JsonRefused
from lib.web.csv_body import text_of, write
from lib.workshop.errors import UnreadableRoster
from lib.workshop.roster.roster_file import read_csv, read_list
from tests.conftest import ADMIN_PASSWORD, INSTRUCTOR_PASSWORD
from tests.workshop.conftest import TOKEN

Rows = Callable[..., list[tuple[Any, ...]]]
Post = Callable[..., Any]
PATH = "/api/admin-import-roster"
INSTRUCTOR = {"Authorization": f"Bearer {INSTRUCTOR_PASSWORD}"}
CSV_HEADERS = {**INSTRUCTOR, "Content-Type": "text/csv"}
COUNTS = ("created", "enrolled", "updated", "unchanged", "repeated", "rejectedCount")


def send(client: TestClient, text: str | bytes, query: str = "") -> Any:
    response = client.post(PATH + query, content=text, headers=CSV_HEADERS)
    assert response.status_code == 200, response.text
    return response.json()


def counts(imported: Any) -> dict[str, int]:
    return {name: imported[name] for name in COUNTS if imported[name]}


def people(text: str, **options: bool) -> list[tuple[Any, ...]]:
    roster = read_csv(text, **{"by_github": False, **options})
    return [(each.email, each.name, each.github) for each in roster.people]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("email,name\nann@x.org,Ann\n", [("ann@x.org", "Ann", None)]),
        ("Name;E-Mail;GitHub\r\nAnn;ANN@x.org ;ann-h\r\n", [("ann@x.org", "Ann", "ann-h")]),
        (
            "Email Address\tFirst Name\tLast Name\nann@x.org\tAnn\tLee\n",
            [("ann@x.org", "Ann Lee", None)],
        ),
        ("\ufeffstudent_email,student_name\nann@x.org,\n", [("ann@x.org", None, None)]),
        ('name,email\n"Lee, Ann\nMaria",ann@x.org\n', [("ann@x.org", "Lee, Ann\nMaria", None)]),
        (
            "ann@x.org,Ann,ann-h\nben@x.org,Ben,\n",
            [("ann@x.org", "Ann", "ann-h"), ("ben@x.org", "Ben", None)],
        ),
        ("Ann,ann@x.org\n", [("ann@x.org", "Ann", None)]),
        ("ann@x.org\n\n  \nben@x.org", [("ann@x.org", None, None), ("ben@x.org", None, None)]),
        (
            "email\nAnn Lee <Ann@X.org>\nmailto:ben@x.org\n",
            [("ann@x.org", None, None), ("ben@x.org", None, None)],
        ),
        (
            '"identifier","github_username","github_id","name"\n"ann@x.org","ann-h","7","Ann"\n',
            [("ann@x.org", "Ann", "ann-h")],
        ),
        (
            "email,name,group\nann@x.org,Ann\nben@x.org,Ben,B,extra\n",
            [("ann@x.org", "Ann", None), ("ben@x.org", "Ben", None)],
        ),
    ],
)
def test_files_of_many_origins_are_read(text: str, expected: list[tuple[Any, ...]]) -> None:
    assert people(text) == expected


def test_lines_at_fault_are_named_with_their_number_and_without_their_value() -> None:
    text = 'email,name,github\n"a\nb",Ann,\nann@x.org,Ann,\n\nnone,Ben,\n,Cy,cy-h\n,Di,\n'
    text += f"eve@x.org,{'x' * 201},\nANN@x.org,Ann again,\n"
    roster = read_csv(text, by_github=False)
    assert [(line.line, line.field) for line in roster.rejected] == [
        (2, "studentEmail"),
        (6, "studentEmail"),
        (7, "studentEmail"),
        (8, "studentEmail"),
        (9, "studentName"),
    ]
    assert "byGithub" in roster.rejected[2].problem
    assert "byGithub" not in roster.rejected[3].problem
    assert "none" not in str(roster.rejected)
    assert ([each.email for each in roster.people], roster.repeated) == (["ann@x.org"], 1)
    by_github = read_csv(text, by_github=True)
    assert [(each.email, each.github) for each in by_github.people] == [
        ("ann@x.org", None),
        (None, "cy-h"),
    ]


def test_unknown_columns_are_named() -> None:
    roster = read_csv("email,Section,name,Score\nann@x.org,B,Ann,3\n", by_github=False)
    assert roster.ignored_columns == ["Section", "Score"]
    roster = read_list([{"studentEmail": "a@x.org", "group": 1}], by_github=False)
    assert roster.ignored_columns == ["group"]


@pytest.mark.parametrize(
    "text", ["", " \n", "name\nAnn\n", 'email\n"ann@x.org\n', "name;group\nAnn;1\n", "Ann\nBen\n"]
)
def test_file_without_emails_or_structure_is_refused(text: str) -> None:
    with pytest.raises(UnreadableRoster):
        read_csv(text, by_github=False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_text_is_read_in_usual_encodings(encoding: str) -> None:
    assert text_of("Zoë, Ä".encode(encoding)) == "Zoë, Ä"


def test_bytes_that_are_not_text_are_refused() -> None:
    with pytest.raises(JsonRefused):
        text_of(b"email\n\x81\xff\n")


def test_import_enrolls_and_repeating_it_changes_nothing(client: TestClient, rows: Rows) -> None:
    text = "email,name\nann@x.org,Ann\nben@x.org,Ben\n"
    assert counts(send(client, text)) == {"created": 2}
    before = rows("SELECT * FROM students ORDER BY student_email")
    assert counts(send(client, text)) == {"unchanged": 2}
    assert rows("SELECT * FROM students ORDER BY student_email") == before
    assert rows("SELECT count(*) FROM enrollments") == [(2,)]


def test_existing_students_keep_their_name_and_get_missing_values(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@x.org", studentName="Annie")
    post(sessionToken=f"{TOKEN}2", studentEmail="ben@x.org")
    imported = send(client, "email,name,github\nAnn@x.org,Ann,ann-h\nben@x.org,Ben,\n")
    assert counts(imported) == {"enrolled": 2}
    assert imported["otherNames"] == [2]
    assert rows("SELECT student_name, github_username FROM students ORDER BY student_email") == [
        ("Annie", "ann-h"),
        ("Ben", None),
    ]
    imported = send(client, "email,github\nben@x.org,ben-h\n")
    assert counts(imported) == {"updated": 1}


def test_student_begins_as_the_one_who_was_enrolled(
    client: TestClient, post: Post, rows: Rows
) -> None:
    send(client, "email,name\nann@x.org,Ann\n")
    (student,) = client.get("/api/class-progress", headers=INSTRUCTOR).json()["students"]
    assert (student["steps"], student["sessions"], student["sessionToken"]) == ("." * 9, 0, None)
    post(studentEmail="ANN@x.org ", stepNumber=2)
    (student,) = client.get("/api/class-progress", headers=INSTRUCTOR).json()["students"]
    assert (student["studentName"], student["currentStep"], student["sessions"]) == ("Ann", 2, 1)
    assert rows("SELECT count(*) FROM students") == [(1,)]


def test_enrolled_students_who_have_not_begun_are_counted_and_listed(
    client: TestClient, post: Post, operator: dict[str, str]
) -> None:
    send(client, "ann@x.org\nben@x.org\n")
    post(studentEmail="ben@x.org")
    totals = client.get("/api/workshop-analytics", headers=INSTRUCTOR).json()["totals"]
    assert totals["notStarted"] == 1
    lists = client.post("/api/admin-list-configs-v2", json={}, headers=operator).json()
    assert {student["studentEmail"] for student in lists["students"]} == {"ann@x.org", "ben@x.org"}


def test_dry_run_reports_the_changes_and_stores_nothing(client: TestClient, rows: Rows) -> None:
    imported = send(client, "ann@x.org\n", "?dryRun=true")
    assert (imported["dryRun"], imported["created"]) == (True, 1)
    assert rows("SELECT count(*) FROM students") == [(0,)]
    assert counts(send(client, "ann@x.org\n")) == {"created": 1}


def test_json_with_a_file_or_a_list_is_accepted(client: TestClient) -> None:
    body = {"adminPassword": ADMIN_PASSWORD, "csv": "email\nann@x.org\n"}
    assert client.post(PATH, json=body).json()["created"] == 1
    students = [
        {"studentEmail": "ben@x.org", "studentName": "Ben"},
        {"studentName": "Cy"},
        {"studentEmail": 7},
    ]
    imported = client.post(PATH, json={"students": students}, headers=INSTRUCTOR).json()
    assert counts(imported) == {"created": 1, "rejectedCount": 2}
    assert [line["line"] for line in imported["rejected"]] == [2, 3]


def test_roster_of_another_course_may_have_only_github_names(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    course = {"courseId": "knots", "name": "Knots", "steps": [{"name": "Bowline"}]}
    assert client.post("/api/admin-save-course", json=course, headers=operator).status_code == 200
    text = "email,github\n,ann-h\n,ANN-H\nben@x.org,\n"
    assert counts(send(client, text, "?courseId=knots&byGithub=true")) == {
        "created": 2,
        "repeated": 1,
    }
    page = client.get("/api/class-progress?courseId=knots", headers=INSTRUCTOR).json()
    assert sorted(
        (s["studentEmail"], s["githubUsername"]) for s in page["students"] if s["studentEmail"]
    ) == [("ben@x.org", None)]
    assert [s["githubUsername"] for s in page["students"] if not s["studentEmail"]] == ["ann-h"]
    assert rows("SELECT count(*) FROM enrollments WHERE course_id = 'knots'") == [(2,)]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"json": {}}, 422),
        ({"json": {"csv": "a@x.org", "students": []}}, 422),
        ({"json": {"csv": "a@x.org", "dryrun": True}}, 422),
        ({"json": {"csv": "a@x.org", "courseId": "none"}}, 404),
        ({"content": "a@x.org", "type": "text/csv", "query": "?courseId=none"}, 404),
        ({"content": "a@x.org", "type": "text/csv", "query": "?dryrun=true"}, 422),
        ({"content": "a@x.org", "type": "text/csv", "query": "?dryRun=perhaps"}, 422),
        ({"json": {"csv": "a@x.org"}, "query": "?dryrun=true"}, 422),
        ({"content": "name\nAnn", "type": "text/csv; charset=utf-8; header=present"}, 422),
        ({"content": "a@x.org", "type": "text/plain"}, 415),
        ({"content": "x" * (4 * 1024 * 1024 + 1), "type": "text/csv"}, 413),
    ],
)
def test_bad_requests_are_refused_and_nothing_is_stored(
    client: TestClient, rows: Rows, request_: dict[str, Any], status: int
) -> None:
    headers = {**INSTRUCTOR, **({"Content-Type": request_["type"]} if "type" in request_ else {})}
    content = {key: request_[key] for key in ("json", "content") if key in request_}
    response = client.post(PATH + request_.get("query", ""), headers=headers, **content)
    assert response.status_code == status, response.text
    assert rows("SELECT count(*) FROM students") == [(0,)]


def test_query_completes_a_json_body_which_takes_precedence(client: TestClient, rows: Rows) -> None:
    body = {"csv": "a@x.org"}
    response = client.post(f"{PATH}?dryRun=true", json=body, headers=INSTRUCTOR)
    assert response.json()["dryRun"] is True
    assert rows("SELECT count(*) FROM students") == [(0,)]
    body_with_field: dict[str, Any] = {**body, "dryRun": False}
    response = client.post(f"{PATH}?dryRun=true", json=body_with_field, headers=INSTRUCTOR)
    assert response.json()["dryRun"] is False
    assert rows("SELECT count(*) FROM students") == [(1,)]


def test_csv_is_refused_elsewhere_and_without_a_password(client: TestClient) -> None:
    headers = {"Content-Type": "text/csv"}
    assert client.post(PATH, content="a@x.org", headers=headers).status_code == 401
    response = client.post("/api/student-progress", content="a,b", headers=headers)
    assert response.status_code == 415


def test_large_roster_is_imported_in_one_call(client: TestClient, rows: Rows) -> None:
    text = "email,name\n" + "".join(f"s{n}@x.org,Student {n}\n" for n in range(5000))
    assert counts(send(client, text)) == {"created": 5000}
    assert rows("SELECT count(*) FROM enrollments") == [(5000,)]


def test_removed_student_is_no_longer_enrolled(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    send(client, "ann@x.org\nben@x.org\n")
    body = {"studentEmail": "ann@x.org"}
    assert client.post("/api/admin-delete-student", json=body, headers=operator).status_code == 200
    assert rows("SELECT count(*) FROM enrollments") == [(1,)]


def read_export(client: TestClient, query: str = "") -> tuple[list[list[str]], str | None]:
    response = client.get(f"/api/admin-export{query}", headers=INSTRUCTOR)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert "attachment" in response.headers["content-disposition"]
    text = response.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""))), response.headers.get("x-next-cursor")


def test_export_has_a_row_for_each_student_and_a_column_for_each_step(
    client: TestClient, post: Post
) -> None:
    send(client, "email,name\nann@x.org,Ann\nben@x.org,=cmd()\n")
    post(studentEmail="ann@x.org", stepNumber=1, completed=True, timeSpent=60)
    post(studentEmail="ann@x.org", stepNumber=2)
    (head, *lines), cursor = read_export(client)
    assert cursor is None
    assert head[:6] == [
        "email",
        "name",
        "github",
        "status",
        "1 Connect Accounts",
        "2 Choose Use Case",
    ]
    by_email = {line[0]: line for line in lines}
    assert by_email["ann@x.org"][1:7] == ["Ann", "", "begun", "completed", "begun", ""]
    assert by_email["ann@x.org"][-3:-1] == ["11", "60"]
    assert by_email["ben@x.org"][1:5] == ["'=cmd()", "", "not started", ""]


def test_export_comes_in_pages(client: TestClient) -> None:
    send(client, "".join(f"s{n}@x.org\n" for n in range(5)))
    emails: list[str] = []
    query = "?limit=2"
    for _ in range(3):
        (_head, *lines), cursor = read_export(client, query)
        emails += [line[0] for line in lines]
        query = f"?limit=2&cursor={cursor}"
    assert cursor is None
    assert sorted(emails) == [f"s{n}@x.org" for n in range(5)]


def test_exported_file_can_be_imported_and_changes_nothing(client: TestClient, post: Post) -> None:
    send(client, 'email,name,github\nann@x.org,Ann,ann-h\nben@x.org,"Ben, Jr",\n')
    post(studentEmail="ann@x.org", stepNumber=3)
    text = client.get("/api/admin-export", headers=INSTRUCTOR).text
    assert counts(send(client, text)) == {"unchanged": 2}


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=4), max_size=8))
def test_no_cell_runs_in_a_spreadsheet_and_all_can_be_read_back(rows: list[list[str]]) -> None:
    text = write(rows[0] if rows else [], rows[1:]).decode("utf-8-sig")
    parsed_rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows:
        return
    assert len(parsed_rows) == len(rows)
    for texts, cells in zip(rows, parsed_rows, strict=True):
        for text, cell in zip(texts, cells, strict=True):
            assert cell in {text, f"'{text}"}
            assert not cell or cell[0] not in "=+@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
            assert not cell.startswith("-") or float(cell) <= 0
