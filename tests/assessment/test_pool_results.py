"""Results of a pool, as JSON and as CSV that a spreadsheet opens safely."""

import csv
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.web import csv_body
from tests.assessment.conftest import Rows, Student, make_questions, upload
from tests.contract.call import INSTRUCTOR

NAMES = ["Math", "Algebra", "Geometry", "Statistics", "Calculus"]


def results(client: TestClient, pool_id: str, **query: Any) -> Any:
    response = client.get(f"/api/pools/{pool_id}/results", headers=INSTRUCTOR, params=query)
    assert response.status_code == 200, response.text
    return response


def spreadsheet(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


@pytest.fixture
def tested_pool(client: TestClient, pool_id: str) -> str:
    """A pool with a closed test of ann's and a running test of bob's."""
    for name in ("ann", "bob"):
        student = Student(client, pool_id, name)
        student.start()
        student.answer()
        student.answer(right=False)
        if name == "ann":
            student.end()
    return pool_id


def test_results_list_every_test_of_the_pool(
    client: TestClient, operator: dict[str, str], tested_pool: str, rows: Rows
) -> None:
    eve = Student(client, upload(client, operator, make_questions(3, prefix="o")), "eve")
    eve.start()
    page = results(client, tested_pool).json()
    assert page["concept_names"] == NAMES
    assert [row["student_id"] for row in page["results"]] == ["bob", "ann"], "newest first"
    bob, ann = page["results"]
    assert (ann["status"], ann["end_reason"], ann["total_questions"]) == ("completed", "ended", 2)
    assert (ann["correct_responses"], ann["accuracy"]) == (1, 0.5)
    (stored_row,) = rows(
        "SELECT id::text, final_proficiency FROM assessment.test_sessions WHERE student_id = 'ann'"
    )
    assert (ann["session_id"], ann["proficiency"]) == stored_row
    assert (bob["status"], bob["proficiency"]) == ("active", [None] * 5)
    assert bob["session_id"] is None, "the id of a running session is bob's credential"


def test_concepts_without_names_are_numbered(client: TestClient, operator: dict[str, str]) -> None:
    pool_id = upload(client, operator, make_questions(3, concepts=2))
    assert results(client, pool_id).json()["concept_names"] == ["Concept 1", "Concept 2"]


def test_pages_hold_each_test_once(client: TestClient, pool_id: str) -> None:
    for i in range(5):
        Student(client, pool_id, f"s{i}").start()
    for form in ("json", "csv"):
        names, cursor = [], None
        for _ in range(3):
            query: dict[str, Any] = {"limit": 2, "format": form}
            if cursor is not None:
                query["cursor"] = cursor
            response = results(client, pool_id, **query)
            if form == "json":
                names += [row["student_id"] for row in response.json()["results"]]
                cursor = response.json()["next_cursor"]
            else:
                names += [row["student_id"] for row in spreadsheet(response.content)]
                cursor = response.headers.get("X-Next-Cursor")
        assert names == ["s4", "s3", "s2", "s1", "s0"]
        assert cursor is None


def test_csv_and_json_have_the_same_values(client: TestClient, tested_pool: str) -> None:
    response = results(client, tested_pool, format="csv")
    assert response.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert response.headers["content-disposition"] == 'attachment; filename="results.csv"'
    page = results(client, tested_pool).json()
    table = spreadsheet(response.content)
    assert len(table) == 2
    assert response.text.removeprefix("\ufeff").splitlines()[0].split(",") == [
        "session_id", "student_id", "pool_version", "status", "end_reason", "total_questions",
        "correct_responses", "accuracy", "started_at", "completed_at", "last_activity", "proven",
        "admitted", *(f"proficiency: {name}" for name in NAMES),
    ]  # fmt: skip
    for cells, row in zip(table, page["results"], strict=True):
        for name, value in row.items():
            if name == "proficiency":
                for concept, number in zip(NAMES, value, strict=True):
                    cell = cells[f"proficiency: {concept}"]
                    assert cell == ("" if number is None else str(number))
            elif isinstance(value, bool):
                assert cells[name] == str(value).lower()
            else:
                assert cells[name] == ("" if value is None else str(value))


@pytest.mark.parametrize(
    "student_id",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20a",
        " =1",
        '=HYPERLINK("http://x","y")',
        'a,"b"\nc',
        "Zoë 漢字",
    ],
)
def test_student_id_is_not_written_as_a_formula_and_can_be_read_back(
    client: TestClient, pool_id: str, student_id: str
) -> None:
    body = {"student_id": student_id, "question_pool_id": pool_id}
    assert client.post("/api/test/start", json=body).status_code == 200
    content = results(client, pool_id, format="csv").content
    (cells,) = spreadsheet(content)
    cell, stripped_id = cells["student_id"], student_id.strip()
    assert cell.removeprefix("'") == stripped_id
    assert cell.startswith("'") == (stripped_id[0] in "=+-@\uff1d\uff0b\uff0d\uff20")


def test_file_is_what_rfc_4180_and_spreadsheets_expect() -> None:
    text = csv_body.write(["a", "=b"], [[1, -0.5], [None, True], ["x,y", 'say "hi"\r\n']])
    assert text == (b'\xef\xbb\xbfa,\'=b\r\n1,-0.5\r\n,true\r\n"x,y","say ""hi""\r\n"\r\n')


@pytest.mark.parametrize(
    "prefix",
    [
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        "\0",
        "\uff1d",
        "\uff0b",
        "\uff0d",
        "\uff20",
        " =",
        "\xa0 @",
    ],
)
def test_text_that_a_spreadsheet_might_run_begins_with_an_apostrophe(prefix: str) -> None:
    (_, row) = csv.reader(
        io.StringIO(csv_body.write(["x"], [[f"{prefix}1"]]).decode("utf-8-sig"), newline="")
    )
    assert row == [f"'{prefix}1"]
    (_, row) = csv.reader(
        io.StringIO(csv_body.write(["x"], [[f"a{prefix}1"]]).decode("utf-8-sig"), newline="")
    )
    assert row == [f"a{prefix}1"]


def test_misspelt_parameter_does_not_break_the_csv(client: TestClient, tested_pool: str) -> None:
    expected_content = results(client, tested_pool, format="csv").content
    assert results(client, tested_pool, format="csv", colour="red").content == expected_content
    assert "warnings" in results(client, tested_pool, colour="red").json()


def test_unknown_format_is_refused(client: TestClient, tested_pool: str) -> None:
    response = client.get(
        f"/api/pools/{tested_pool}/results", headers=INSTRUCTOR, params={"format": "xlsx"}
    )
    assert (response.status_code, response.json()["details"][0]["field"]) == (422, "format")


def test_largest_page_is_below_the_platforms_limit(
    client: TestClient, pool_id: str, rows: Rows
) -> None:
    rows(
        "WITH e AS (INSERT INTO assessment.examinees (id)"
        " SELECT lpad(i::text, 200, '漢') FROM generate_series(1, 1001) i RETURNING id)"
        " INSERT INTO assessment.test_sessions (id, student_id, question_pool_id, status,"
        " final_proficiency, concept_names, total_questions)"
        " SELECT gen_random_uuid(), e.id, %s, 'completed',"
        " to_jsonb(array_fill(0.123456, ARRAY[5])),"
        " ARRAY['Math', 'Algebra', 'Geometry', 'Statistics', 'Calculus'], 20 FROM e",
        pool_id,
    )
    for form in ("json", "csv"):
        response = results(client, pool_id, format=form)
        assert len(response.content) < 4 * 1024 * 1024
    assert len(spreadsheet(response.content)) == 1_000
    assert response.headers["X-Next-Cursor"]
    last_page = results(client, pool_id, format="csv", cursor=response.headers["X-Next-Cursor"])
    assert len(spreadsheet(last_page.content)) == 1


def test_proficiencies_are_matched_to_the_pools_concepts_by_name(
    client: TestClient, tested_pool: str, rows: Rows
) -> None:
    rows(
        "UPDATE assessment.test_sessions SET concept_names ="
        " ARRAY['Algebra', 'Math', 'x', 'y', 'z'] WHERE student_id = 'ann'"
    )
    ann = results(client, tested_pool).json()["results"][1]
    ((final_proficiency,),) = rows(
        "SELECT final_proficiency FROM assessment.test_sessions WHERE student_id = 'ann'"
    )
    assert ann["proficiency"] == [final_proficiency[1], final_proficiency[0], None, None, None]
