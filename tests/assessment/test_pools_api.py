"""Lists of pools and questions for operators and instructors.

A local server lists its pools for everybody.
"""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.assessment.catalog import lists
from lib.deps import Deps, install_deps
from lib.settings import Settings
from tests.assessment.conftest import CANARY, Rows, Student, make_questions, upload, versions
from tests.contract.call import ABSENT, INSTRUCTOR


def get(client: TestClient, path: str, headers: dict[str, str], **query: Any) -> Any:
    response = client.get(path, headers=headers, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def test_pools_are_listed_in_pages_oldest_first(
    client: TestClient, operator: dict[str, str]
) -> None:
    ids = [upload(client, operator, make_questions(5, prefix=f"p{i}-")) for i in range(3)]
    first = get(client, "/api/pools", INSTRUCTOR, limit=2)
    second = get(client, "/api/pools", INSTRUCTOR, limit=2, cursor=first["next_cursor"])
    assert [pool["id"] for pool in first["pools"]] == ids[:2]
    assert [pool["id"] for pool in second["pools"]] == ids[2:]
    assert second["next_cursor"] is None


def test_pool_has_its_counts_settings_rules_and_versions(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    questions = make_questions(10)
    pool_id = upload(
        client, operator, questions, name="Maths", selection={"max_exposure": 0.5}, tells="end"
    )
    upload(client, operator, [{**questions[0], "difficulty": 0.9}], pool_id)
    ann = Student(client, pool_id)
    ann.start()
    ann.answer()
    details = get(client, f"/api/pools/{pool_id}", INSTRUCTOR, limit=1)
    pool = details["pool"]
    assert (pool["name"], pool["question_count"], pool["retired_count"]) == ("Maths", 10, 0)
    assert (pool["test_count"], pool["active_count"], pool["answer_count"]) == (1, 1, 1)
    assert pool["version"] == versions(rows)[1]
    assert pool["concept_names"] == ["Math", "Algebra", "Geometry", "Statistics", "Calculus"]
    assert details["selection"]["max_exposure"] == 0.5
    assert (details["rules"]["tells"], details["rules"]["admission"]) == ("end", "open")
    assert [row["version"] for row in details["versions"]] == versions(rows)[1:]
    next_page = get(
        client, f"/api/pools/{pool_id}", INSTRUCTOR, limit=1, cursor=details["next_cursor"]
    )
    assert [row["version"] for row in next_page["versions"]] == versions(rows)[:1]


def test_questions_have_their_correct_answer_and_statistics(
    client: TestClient, pool_id: str
) -> None:
    answers: list[tuple[str, bool]] = []
    for name, right in (("ann", True), ("bob", False)):
        student = Student(client, pool_id, name)
        student.start()
        for _ in range(4):
            assert student.question is not None
            answers.append((student.question["id"], right))
            student.answer(right=right)
    page = get(client, f"/api/pools/{pool_id}/questions", INSTRUCTOR)
    assert [question["id"] for question in page["questions"]] == [f"q{i}" for i in range(60)]
    for question in page["questions"]:
        results = [right for question_id, right in answers if question_id == question["id"]]
        assert question["correct_answer"] == f"{CANARY} {question['id']}"
        assert question["times_shown"] == len(results)
        share = sum(results) / len(results) if results else None
        assert question["right_share"] == (None if share is None else round(share, 6))
        assert question["calibration"] is None
        assert question["parameters"]["is_calibrated"] is False
    assert page["next_cursor"] is None


def test_questions_are_paged_by_position(
    client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    ids, cursor = [], None
    for _ in range(3):
        query: dict[str, Any] = {} if cursor is None else {"cursor": cursor}
        page = get(client, f"/api/pools/{pool_id}/questions", operator, limit=25, **query)
        ids += [question["id"] for question in page["questions"]]
        cursor = page["next_cursor"]
    assert ids == [f"q{i}" for i in range(60)]
    assert cursor is None


def test_page_of_long_questions_stays_below_the_platforms_limit(
    client: TestClient, operator: dict[str, str]
) -> None:
    options = [f"{i}{'x' * 4_990}" for i in range(20)]
    questions = [
        {**question, "content": "y" * 20_000, "options": options, "correct_answer": options[0]}
        for question in make_questions(40)
    ]
    pool_id = upload(client, operator, questions[:20])
    upload(client, operator, questions[20:], pool_id)
    ids, cursor, pages = [], None, 0
    while cursor is not None or pages == 0:
        query: dict[str, Any] = {} if cursor is None else {"cursor": cursor}
        response = client.get(f"/api/pools/{pool_id}/questions", headers=operator, params=query)
        assert len(response.content) < 4 * 1024 * 1024
        page, pages = response.json(), pages + 1
        ids += [question["id"] for question in page["questions"]]
        cursor = page["next_cursor"]
    assert ids == [f"q{i}" for i in range(40)]
    assert pages == 2


def test_strangers_are_refused_in_a_deployment(client: TestClient, pool_id: str) -> None:
    for path in ("", f"/{pool_id}", f"/{pool_id}/questions", f"/{pool_id}/results"):
        assert client.get(f"/api/pools{path}").status_code == 401
        response = client.get(f"/api/pools{path}", headers={"Authorization": "Bearer wrong"})
        assert response.status_code == 401


def test_missing_pool_is_not_found(client: TestClient, operator: dict[str, str]) -> None:
    for path in ("", "/questions", "/results"):
        response = client.get(f"/api/pools/{ABSENT}{path}", headers=operator)
        assert (response.status_code, response.json()["code"]) == (404, "pool_not_found")


@pytest.mark.parametrize("path", ["", "/{pool_id}", "/{pool_id}/questions", "/{pool_id}/results"])
def test_invented_cursor_is_refused(
    client: TestClient, operator: dict[str, str], pool_id: str, path: str
) -> None:
    for invented_cursor in ("x", "WyJhIl0", "WzEuNV0", "W3RydWVd"):
        response = client.get(
            f"/api/pools{path.format(pool_id=pool_id)}",
            headers=operator,
            params={"cursor": invented_cursor},
        )
        assert response.status_code in {400, 422}, response.text
        assert response.json()["code"] == "invalid_cursor"


def test_local_server_shows_everybody_only_what_a_page_needs(
    client: TestClient, pool_id: str, settings: Settings
) -> None:
    local_deps = Deps(replace(settings, trust_loopback=True))
    install_deps(local_deps)
    try:
        response = client.get("/api/pools")
        assert response.status_code == 200
        assert response.json() == {
            "success": True,
            "pools": [
                {
                    "id": pool_id,
                    "name": None,
                    "question_count": 60,
                    "concept_names": ["Math", "Algebra", "Geometry", "Statistics", "Calculus"],
                }
            ],
            "next_cursor": None,
        }
        # The test's client calls neither from this machine's address nor under its name, so it is
        # a stranger, who gets only the list above.
        assert client.get(f"/api/pools/{pool_id}/questions").status_code == 401
        response = client.get("/api/pools", headers=INSTRUCTOR)
        assert response.json()["pools"][0]["test_count"] == 0
    finally:
        local_deps.close()


def test_correct_answers_never_reach_a_student(
    client: TestClient, operator: dict[str, str]
) -> None:
    """Responses contain every option, but neither which one is correct nor any parameter."""
    secrets = ('"correct_answer"', '"difficulty"', '"parameters"', '"right_share"', '"candidates"')
    pool_id = upload(client, operator, make_questions(8))
    ann = Student(client, pool_id)
    bodies = [str(ann.start())]
    for _ in range(3):
        bodies.append(client.get(f"/api/test/status/{ann.session_id}").text)
        bodies.append(str(ann.answer()).replace("'", '"'))
    response = client.get(f"/api/test/status/{ann.session_id}", params={"explain": "true"})
    bodies.append(response.text)
    bodies.append(str(ann.end()).replace("'", '"'))
    bodies.append(client.get(f"/api/test/status/{ann.session_id}").text)
    session_header = {"X-Session-Id": ann.session_id}
    bodies += [
        client.get(f"/api/student/ann/{path}", headers=session_header).text
        for path in ("history", "proficiency", "progress")
    ]
    for path in (
        f"/api/pools/{pool_id}/questions",
        f"/api/pools/{pool_id}",
        "/api/pools",
        f"/api/debug/session/{ann.session_id}?explain=true",
    ):
        response = client.get(path, headers=session_header)
        assert response.status_code == 401
        bodies.append(response.text)
    for body in bodies:
        assert not [secret for secret in secrets if secret in body.replace("'", '"')]


def test_page_size_is_bounded(client: TestClient, operator: dict[str, str], pool_id: str) -> None:
    url = f"/api/pools/{pool_id}/questions"
    for limit, status in ((0, 422), (1, 200), (lists.MAX_QUESTIONS, 200), (101, 422)):
        response = client.get(url, headers=operator, params={"limit": limit})
        assert response.status_code == status
    assert lists.MAX_QUESTIONS == 100


def test_precision_follows_from_the_questions_that_can_be_asked(
    client: TestClient, operator: dict[str, str]
) -> None:
    questions = [
        {**question, "concepts": [1, 0] if number < 30 else [0, 1], "difficulty": 0.5}
        for number, question in enumerate(make_questions(34))
    ]
    pool_id = upload(client, operator, questions, concept_names=["Sums", "Shapes"])
    body = get(client, f"/api/pools/{pool_id}/precision", INSTRUCTOR)
    sums, shapes = body["concepts"]
    assert (sums["name"], sums["question_count"]) == ("Sums", 30)
    assert (shapes["name"], shapes["question_count"]) == ("Shapes", 4)
    assert (body["questions"], body["precise_enough"]) == (20, 0.3)
    middle = body["proficiencies"].index(0.5)
    assert sums["deviations"][middle] < 0.3 < shapes["deviations"][middle] < 1
    assert min(sums["deviations"]) == sums["deviations"][middle] < sums["deviations"][0]
    for number in range(30, 34):
        path = f"/api/pools/{pool_id}/questions/q{number}/retire"
        assert client.post(path, json={}, headers=operator).status_code == 200
    concept = get(client, f"/api/pools/{pool_id}/precision", INSTRUCTOR)["concepts"][1]
    assert concept["question_count"] == 0
    assert set(concept["deviations"]) == {1.0}
    response = client.get(f"/api/pools/{ABSENT}/precision", headers=INSTRUCTOR)
    assert (response.status_code, response.json()["code"]) == (404, "pool_not_found")


@pytest.mark.parametrize(
    ("rules", "length"),
    [({"max_questions": 7}, 7), ({}, 20), ({"min_questions": 25}, 25)],
)
def test_precision_assumes_the_length_of_a_test_started_without_criteria(
    client: TestClient, operator: dict[str, str], rules: dict[str, Any], length: int
) -> None:
    pool_id = upload(client, operator, make_questions(30), **rules)
    assert get(client, f"/api/pools/{pool_id}/precision", INSTRUCTOR)["questions"] == length
    body = {"student_id": "ann", "question_pool_id": pool_id}
    session_id = client.post("/api/test/start", json=body).json()["session_id"]
    status = client.get(f"/api/test/status/{session_id}").json()
    assert status["max_questions"] == length
