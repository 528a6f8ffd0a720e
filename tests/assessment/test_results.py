"""Results of a student, and who may read them."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web import cursor
from lib.web.functions import function_app
from tests.assessment.conftest import Rows, Student

RESULTS = ("proficiency", "history", "progress")


def get(client: TestClient, result: str, student: str = "ann", **kwargs: Any) -> Any:
    return client.get(f"/api/student/{student}/{result}", **kwargs)


@pytest.fixture
def tested_student(ann: Student) -> Student:
    """Ann after two tests and during a third."""
    for outcomes in ((True, False, False), (True, True, True, True)):
        ann.start(end_criteria={"max_questions": len(outcomes)})
        for right in outcomes:
            ann.answer(right=right)
    ann.start()
    ann.answer()
    return ann


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize(
    "student_id", ["class/7b/ann", "/", "a//b", "history", "ann/progress", "a\nb"]
)
def test_student_with_an_unusual_id_is_found_however_the_path_arrives(
    result: str, student_id: str, client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    student = Student(client, pool_id, student_id)
    student.start()
    student.answer()
    for path in (quote(student_id, safe=""), quote(student_id)):
        for credential in (operator, {"X-Session-Id": student.session_id}):
            response = get(client, result, path, headers=credential)
            assert response.status_code == 200, response.text
            assert response.json()["student_id"] == student_id


@pytest.mark.parametrize("result", RESULTS)
def test_strangers_and_other_students_may_not_read(
    result: str, tested_student: Student, client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    bob = Student(client, pool_id, "bob")
    bob.start()
    assert get(client, result).status_code == 401
    assert get(client, result, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert get(client, result, headers=operator).status_code == 200
    assert (
        get(client, result, headers={"X-Session-Id": tested_student.session_id}).status_code == 200
    )
    assert get(client, result, params={"session_id": tested_student.session_id}).status_code == 200
    response_about_ann = get(client, result, headers={"X-Session-Id": bob.session_id})
    response_about_unknown = get(client, result, "nobody", headers={"X-Session-Id": bob.session_id})
    assert response_about_ann.status_code == response_about_unknown.status_code == 404
    assert response_about_ann.json()["error"] == response_about_unknown.json()["error"]
    assert get(client, result, "nobody", headers=operator).status_code == 404


def test_session_gives_access_to_itself_only(
    tested_student: Student, client: TestClient, operator: dict[str, str]
) -> None:
    """Whoever knows a student's id can start a session; it must not reveal the other tests."""
    running, second, first = get(client, "history", headers=operator).json()["test_sessions"]
    assert running["session_id"] == tested_student.session_id
    texts = []
    for session in (running, second):
        credential = {"X-Session-Id": session["session_id"]}
        responses = {result: get(client, result, headers=credential) for result in RESULTS}
        assert responses["history"].json()["test_sessions"] == [session]
        values = responses["proficiency"].json()["proficiency"]
        proficiency_by_concept = dict(
            zip(responses["proficiency"].json()["concept_names"], values, strict=True)
        )
        assert session["final_proficiency"] in (
            None,
            [proficiency_by_concept[n] for n in session["concept_names"]],
        )
        texts.append("".join(response.text for response in responses.values()))
    assert second["session_id"] not in texts[0]
    assert first["session_id"] not in texts[0] + texts[1]
    progress = get(client, "progress", headers={"X-Session-Id": second["session_id"]}).json()
    assert progress["progress_data"]["total_sessions"] == 1
    assert progress["progress_data"]["avg_accuracy"] == 1.0
    assert len(progress["progress_data"]["progress_timeline"]) == 1


def test_running_session_gives_access_to_its_current_proficiency(
    ann: Student, client: TestClient
) -> None:
    ann.start()
    credential = {"X-Session-Id": ann.session_id}
    assert get(client, "proficiency", headers=credential).json()["proficiency"] == [0.5] * 5
    response = ann.answer()
    result = get(client, "proficiency", headers=credential).json()
    proficiency_by_concept = dict(zip(result["concept_names"], result["proficiency"], strict=True))
    names = ("Math", "Algebra", "Geometry", "Statistics", "Calculus")
    assert [proficiency_by_concept[name] for name in names] == response["current_proficiency"]
    assert max(result["confidence"]) > 0
    assert result["last_updated"] is not None


def test_proficiency_is_that_of_the_last_closed_test(
    tested_student: Student, client: TestClient, operator: dict[str, str]
) -> None:
    before = get(client, "proficiency", headers=operator).json()
    final = tested_student.end()["final_proficiency"]
    after = get(client, "proficiency", headers=operator).json()
    assert set(after) == {
        "student_id",
        "concept_names",
        "proficiency",
        "confidence",
        "last_updated",
        "proven",
    }
    assert before["proficiency"] != after["proficiency"]
    proficiency_by_concept = dict(zip(after["concept_names"], after["proficiency"], strict=True))
    names = ("Math", "Algebra", "Geometry", "Statistics", "Calculus")
    assert [proficiency_by_concept[name] for name in names] == final
    assert all(0 < value < 1 for value in after["confidence"])


def test_history_is_newest_first_and_paged(
    tested_student: Student, client: TestClient, operator: dict[str, str]
) -> None:
    sessions = get(client, "history", headers=operator).json()["test_sessions"]
    assert [(s["status"], s["total_questions"], s["accuracy"]) for s in sessions] == [
        ("active", 1, 1.0),
        ("completed", 4, 1.0),
        ("completed", 3, 0.333333),
    ]
    assert sessions[0]["session_id"] == tested_student.session_id
    assert pages(client, operator, limit=1) == [[sessions[0]], [sessions[1]], [sessions[2]], []]
    response = get(client, "history", headers=operator, params={"limit": 201})
    assert response.status_code == 422


def pages(client: TestClient, operator: dict[str, str], limit: int) -> list[list[Any]]:
    """Return the tests of each page, up to the page without a `next_cursor`."""
    pages_of_sessions, params = [], {"limit": limit}
    while True:
        page = get(client, "history", headers=operator, params=params).json()
        pages_of_sessions.append(page["test_sessions"])
        if page["next_cursor"] is None:
            return pages_of_sessions
        params = {"limit": limit, "cursor": page["next_cursor"]}


def test_pages_hold_each_test_once_whatever_its_time(
    tested_student: Student, client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    """Older deployments left times empty, and several tests may begin at the same time."""
    for started_at in ("2020-01-01", "2020-01-01", "2020-01-01", None, None, None):
        rows(
            "INSERT INTO assessment.test_sessions (id, student_id, started_at)"
            " VALUES (gen_random_uuid(), %s, %s) RETURNING 1",
            tested_student.student_id,
            started_at,
        )
    all_tests = get(client, "history", headers=operator).json()["test_sessions"]
    assert len(all_tests) == 9
    assert [test["started_at"] for test in all_tests[3:]] == [
        *["2020-01-01T00:00:00Z"] * 3,
        *[None] * 3,
    ]
    for limit in (1, 2, 4):
        assert [test for page in pages(client, operator, limit) for test in page] == all_tests


@pytest.mark.parametrize("forged_cursor", ["x", "", cursor.write("now", "x"), cursor.write(None)])
def test_forged_cursor_is_refused(
    tested_student: Student,  # noqa: ARG001
    client: TestClient,
    operator: dict[str, str],
    forged_cursor: str,
) -> None:
    response = get(client, "history", headers=operator, params={"cursor": forged_cursor})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")


def test_progress_runs_from_the_first_test_to_the_last(
    tested_student: Student, client: TestClient, operator: dict[str, str]
) -> None:
    history = get(client, "history", headers=operator).json()["test_sessions"]
    data = get(client, "progress", headers=operator).json()["progress_data"]
    assert data["total_sessions"] == 2
    assert data["avg_accuracy"] == pytest.approx((1 + 1 / 3) / 2, abs=1e-6)
    assert [point["session_id"] for point in data["progress_timeline"]] == [
        history[2]["session_id"],
        history[1]["session_id"],
    ]
    first, latest = (history[i]["final_proficiency"][0] for i in (2, 1))
    dates = [point["date"] for point in data["progress_timeline"]]
    assert data["concept_progress"]["Math"] == {
        "first": first,
        "latest": latest,
        "change": pytest.approx(latest - first, abs=1e-6),
        "history": [first, latest],
        "timeline": [{"date": dates[0], "value": first}, {"date": dates[1], "value": latest}],
        "improvement": pytest.approx(latest - first, abs=1e-6),
        "current_level": latest,
    }
    assert tested_student.student_id == "ann"


@pytest.mark.parametrize("result", RESULTS)
def test_local_server_serves_its_own_machine_without_a_credential(
    result: str, tested_student: Student, settings: Settings
) -> None:
    local_deps = Deps(replace(settings, trust_loopback=True))
    install_deps(local_deps)
    app = function_app("index")
    local_client = TestClient(app, base_url="http://localhost:5300", client=("127.0.0.1", 50_000))
    remote_client = TestClient(app, base_url="http://localhost:5300", client=("192.0.2.1", 50_000))
    assert get(local_client, result, tested_student.student_id).status_code == 200
    assert get(remote_client, result, tested_student.student_id).status_code == 401
    local_deps.close()


@pytest.mark.parametrize("result", RESULTS)
def test_id_of_a_session_narrows_the_response_on_the_local_server_too(
    result: str, tested_student: Student, settings: Settings, pool_id: str
) -> None:
    local_deps = Deps(replace(settings, trust_loopback=True))
    install_deps(local_deps)
    app = function_app("index")
    local_client = TestClient(app, base_url="http://localhost:5300", client=("127.0.0.1", 50_000))
    second = Student(local_client, pool_id, tested_student.student_id)
    second.start()
    session_header = {"X-Session-Id": second.session_id}
    full_response = get(local_client, result, tested_student.student_id).json()
    narrowed_response = get(
        local_client, result, tested_student.student_id, headers=session_header
    ).json()
    assert narrowed_response != full_response
    assert get(local_client, result, "nobody", headers=session_header).status_code == 404
    local_deps.close()
