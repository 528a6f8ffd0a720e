"""What may be read about a student, and by whom."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.dispatch import function_app
from lib.settings import Settings
from tests.assessment.conftest import Student

WHAT = ("proficiency", "history", "progress")


def get(client: TestClient, what: str, student: str = "ann", **kwargs: Any) -> Any:
    return client.get(f"/api/student/{student}/{what}", **kwargs)


@pytest.fixture
def tested(ann: Student) -> Student:
    """Ann after two tests, in the middle of a third."""
    for rights in ((True, False, False), (True, True, True, True)):
        ann.start(end_criteria={"max_questions": len(rights)})
        for right in rights:
            ann.answer(right=right)
    ann.start()
    ann.answer()
    return ann


@pytest.mark.parametrize("what", WHAT)
def test_only_operators_and_the_students_own_sessions_may_read(
    what: str, tested: Student, client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    bob = Student(client, pool_id, "bob")
    bob.start()
    assert get(client, what).status_code == 401
    assert get(client, what, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert get(client, what, headers=operator).status_code == 200
    assert get(client, what, headers={"X-Session-Id": tested.session_id}).status_code == 200
    assert get(client, what, params={"session_id": tested.session_id}).status_code == 200
    others = get(client, what, headers={"X-Session-Id": bob.session_id})
    nobodys = get(client, what, "nobody", headers={"X-Session-Id": bob.session_id})
    assert others.status_code == nobodys.status_code == 404
    assert others.json()["error"] == nobodys.json()["error"]
    assert get(client, what, "nobody", headers=operator).status_code == 404


def test_proficiency_is_that_of_the_last_closed_test(
    tested: Student, client: TestClient, operator: dict[str, str]
) -> None:
    before = get(client, "proficiency", headers=operator).json()
    final = tested.end()["final_proficiency"]
    after = get(client, "proficiency", headers=operator).json()
    assert set(after) == {
        "student_id",
        "concept_names",
        "proficiency",
        "confidence",
        "last_updated",
    }
    assert before["proficiency"] != after["proficiency"]
    by_name = dict(zip(after["concept_names"], after["proficiency"], strict=True))
    names = ("Math", "Algebra", "Geometry", "Statistics", "Calculus")
    assert [by_name[name] for name in names] == final
    assert all(0 < value < 1 for value in after["confidence"])


def test_history_is_newest_first_and_paged(
    tested: Student, client: TestClient, operator: dict[str, str]
) -> None:
    sessions = get(client, "history", headers=operator).json()["test_sessions"]
    assert [(s["status"], s["total_questions"], s["accuracy"]) for s in sessions] == [
        ("active", 1, 1.0),
        ("completed", 4, 1.0),
        ("completed", 3, 0.333333),
    ]
    assert sessions[0]["session_id"] == tested.session_id
    page = get(client, "history", headers=operator, params={"limit": 1, "offset": 1}).json()
    assert page["test_sessions"] == [sessions[1]]
    too_many = get(client, "history", headers=operator, params={"limit": 201})
    assert too_many.status_code == 422


def test_progress_goes_from_the_first_test_to_the_last(
    tested: Student, client: TestClient, operator: dict[str, str]
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
    assert data["concept_progress"]["Math"] == {
        "first": first,
        "latest": latest,
        "change": pytest.approx(latest - first, abs=1e-6),
        "history": [first, latest],
    }
    assert tested.student_id == "ann"


@pytest.mark.parametrize("what", WHAT)
def test_local_server_answers_its_own_machine_as_the_guides_print_it(
    what: str, tested: Student, settings: Settings
) -> None:
    trusting = Deps(replace(settings, trust_loopback=True))
    install_deps(trusting)
    app = function_app("index")
    here = TestClient(app, base_url="http://localhost:5300", client=("127.0.0.1", 50_000))
    elsewhere = TestClient(app, base_url="http://localhost:5300", client=("192.0.2.1", 50_000))
    assert get(here, what, tested.student_id).status_code == 200
    assert get(elsewhere, what, tested.student_id).status_code == 401
    trusting.close()
