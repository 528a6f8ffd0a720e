"""An edit of a question creates a version of its pool and overwrites nobody else's change."""

import threading
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.assessment.conftest import (
    CANARY,
    Rows,
    Student,
    make_questions,
    upload,
    versions,
    wait_for_a_lock,
)
from tests.contract.call import ABSENT, INSTRUCTOR
from tests.contract.call import OPERATOR as BY_OPERATOR

REQUIRED_FIELDS = (
    "content",
    "options",
    "correct_answer",
    "concepts",
    "difficulty",
    "discrimination",
    "guessing",
    "version",
)


def questions(client: TestClient, pool_id: str) -> dict[str, dict[str, Any]]:
    response = client.get(f"/api/pools/{pool_id}/questions", headers=BY_OPERATOR)
    assert response.status_code == 200, response.text
    return {question["id"]: question for question in response.json()["questions"]}


def edit_body(question: dict[str, Any], **new_values: Any) -> dict[str, Any]:
    """Return the body of an edit of a question that makes only these changes."""
    return {name: question[name] for name in REQUIRED_FIELDS} | new_values


def url(pool_id: str, question_id: str = "q0") -> str:
    return f"/api/pools/{pool_id}/questions/{quote(question_id, safe='')}"


def put(client: TestClient, pool_id: str, body: dict[str, Any], question_id: str = "q0") -> Any:
    return client.put(url(pool_id, question_id), json=body, headers=BY_OPERATOR)


def retire(client: TestClient, pool_id: str, question_id: str = "q0", **body: Any) -> Any:
    path = f"{url(pool_id, question_id)}/retire"
    return client.post(path, json=body or None, headers=BY_OPERATOR)


def test_edit_is_a_new_version_and_running_tests_keep_theirs(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    (question,) = make_questions(1)
    pool_id = upload(client, operator, [question, *make_questions(3, prefix="z")])
    ann = Student(client, pool_id)
    ann.start()
    versions_before, before = versions(rows), questions(client, pool_id)
    options = ["right now", "wrong"]
    for question_id in before:
        body = edit_body(
            before[question_id],
            content=f"New {question_id}",
            options=options,
            correct_answer="right now",
        )
        response = put(client, pool_id, body, question_id)
        assert response.status_code == 200, response.text
        assert response.json()["question"] == questions(client, pool_id)[question_id]
        assert response.json()["question"]["content"] == f"New {question_id}"
    assert len(versions(rows)) == len(versions_before) + 4
    for _ in range(4):  # the old texts, graded by the old correct answers
        assert ann.question is not None
        assert ann.question["content"].startswith("Question ")
        ann.answer()
    assert ann.end()["summary"]["correct_responses"] == 4
    bob = Student(client, pool_id, "bob")
    bob.start()
    assert bob.question is not None
    assert bob.question["content"].startswith("New ")


def test_edit_without_changes_adds_no_version(client: TestClient, pool_id: str, rows: Rows) -> None:
    before, versions_before = questions(client, pool_id)["q0"], versions(rows)
    response = put(client, pool_id, edit_body(before))
    assert (response.status_code, response.json()["question"]) == (200, before)
    assert versions(rows) == versions_before


def test_second_editor_is_refused_and_the_first_edit_stays(
    client: TestClient, pool_id: str, rows: Rows
) -> None:
    before = questions(client, pool_id)
    assert put(client, pool_id, edit_body(before["q0"], content="First")).status_code == 200
    versions_before = versions(rows)
    response = put(client, pool_id, edit_body(before["q0"], content="Second"))
    assert (response.status_code, response.json()["code"]) == (409, "question_changed")
    assert response.json()["details"][0]["field"] == "version"
    assert versions(rows) == versions_before
    after = questions(client, pool_id)["q0"]
    assert after["content"] == "First"
    # Another question can still be edited, and so can q0 once its new version is read.
    assert put(client, pool_id, edit_body(before["q1"], content="Other"), "q1").status_code == 200
    assert put(client, pool_id, edit_body(after, content="Second")).status_code == 200
    assert questions(client, pool_id)["q0"]["content"] == "Second"


def test_version_that_does_not_exist_yet_is_refused(client: TestClient, pool_id: str) -> None:
    question = questions(client, pool_id)["q0"]
    response = put(client, pool_id, edit_body(question, version=question["version"] + 10**6))
    assert response.status_code == 409


def test_one_of_four_simultaneous_edits_wins(client: TestClient, pool_id: str, rows: Rows) -> None:
    before, version_count = questions(client, pool_id)["q0"], len(versions(rows))
    barrier = threading.Barrier(4)
    statuses: list[int] = []

    def edit(text: str) -> None:
        barrier.wait()
        statuses.append(put(client, pool_id, edit_body(before, content=text)).status_code)

    threads = [threading.Thread(target=edit, args=(f"By {i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409, 409]
    assert len(versions(rows)) == version_count + 1


def test_edit_that_waited_for_a_retirement_is_refused(
    client: TestClient, pool_id: str, rows: Rows, postgres_url: str
) -> None:
    """The edit waits for the pool's row and must see the version written in the meantime."""
    before = questions(client, pool_id)["q0"]
    statuses: list[int] = []
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "SELECT FROM assessment.question_pools WHERE id = %s FOR UPDATE", (pool_id,)
        )
        thread = threading.Thread(
            target=lambda: statuses.append(
                put(client, pool_id, edit_body(before, content="Late")).status_code
            )
        )
        thread.start()
        wait_for_a_lock(rows)
        connection.execute(
            "WITH pool AS (UPDATE assessment.question_pools"
            " SET current_version = current_version + 1 WHERE id = %(id)s RETURNING *), v AS ("
            " INSERT INTO assessment.pool_versions (pool_id, version, origin, question_count)"
            " SELECT id, current_version, 'retired', 60 FROM pool RETURNING version)"
            " INSERT INTO assessment.pool_items (pool_id, position, version, question_id, revision,"
            " option_count, correct_option, concepts, difficulty, discrimination, guessing,"
            " retired)"
            " SELECT i.pool_id, i.position, v.version, i.question_id, i.revision, i.option_count,"
            " i.correct_option, i.concepts, i.difficulty, i.discrimination, i.guessing, TRUE"
            " FROM v, assessment.pool_items i WHERE i.pool_id = %(id)s AND i.question_id = 'q0'",
            {"id": pool_id},
        )
        connection.commit()
        thread.join()
    assert statuses == [409]


@pytest.mark.parametrize(
    ("new_values", "field"),
    [
        ({"correct_answer": "elsewhere"}, "correct_answer"),
        ({"options": ["one"]}, "options"),
        ({"options": ["a", "a"], "correct_answer": "a"}, "options"),
        ({"difficulty": 0}, "difficulty"),
        ({"difficulty": 1}, "difficulty"),
        ({"discrimination": 5.01}, "discrimination"),
        ({"guessing": 1}, "guessing"),
        ({"concepts": [0, 0, 0, 0, 0]}, "concepts"),
        ({"concepts": [1, 1]}, "concepts"),
        ({"id": "q1"}, "id"),
        ({"version": 0}, "version"),
        ({"contents": "x"}, "contents"),
    ],
)
def test_edit_is_checked_like_an_upload(
    client: TestClient, pool_id: str, rows: Rows, new_values: dict[str, Any], field: str
) -> None:
    before, versions_before = questions(client, pool_id), versions(rows)
    response = put(client, pool_id, edit_body(before["q0"], **new_values))
    assert response.status_code == 422, response.text
    assert response.json()["details"][0]["field"] == field
    assert questions(client, pool_id) == before
    assert versions(rows) == versions_before


@pytest.mark.parametrize("missing", REQUIRED_FIELDS)
def test_edit_states_the_whole_question(client: TestClient, pool_id: str, missing: str) -> None:
    body = edit_body(questions(client, pool_id)["q0"])
    del body[missing]
    response = put(client, pool_id, body)
    assert response.status_code == 422
    assert response.json()["details"][0]["field"] == missing


def test_question_and_pool_of_an_edit_must_exist(
    client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    other_pool_id = upload(client, operator, make_questions(2, prefix="o"))
    body = edit_body(questions(client, pool_id)["q0"])
    for pool, question_id in ((pool_id, "none"), (ABSENT, "q0"), (other_pool_id, "q0")):
        for response in (
            put(client, pool, body, question_id),
            retire(client, pool, question_id),
        ):
            assert (response.status_code, response.json()["code"]) == (404, "question_not_found")


def test_id_with_slashes_is_edited_and_retired(
    client: TestClient, operator: dict[str, str]
) -> None:
    question_id = "unit 1/a/retire"
    question = {**make_questions(1)[0], "id": question_id}
    pool_id = upload(client, operator, [question, *make_questions(2, prefix="z")])
    body = edit_body(questions(client, pool_id)[question_id], content="New")
    assert put(client, pool_id, body, question_id).status_code == 200
    assert retire(client, pool_id, question_id).status_code == 200
    after = questions(client, pool_id)[question_id]
    assert (after["content"], after["retired"]) == ("New", True)


def test_retired_question_is_asked_in_no_new_test(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    pool_id = upload(client, operator, make_questions(4))
    ann = Student(client, pool_id)
    ann.start()
    version_count = len(versions(rows))
    response = retire(client, pool_id, "q2")
    assert response.status_code == 200, response.text
    question = response.json()["question"]
    assert (question["retired"], question["is_asked"]) == (True, False)
    assert question["correct_answer"] == f"{CANARY} q2"
    assert len(versions(rows)) == version_count + 1

    def question_ids_of(student: Student) -> set[str]:
        question_ids = set()
        while student.question is not None:
            question_ids.add(student.question["id"])
            student.answer()
        return question_ids

    assert question_ids_of(ann) == {"q0", "q1", "q2", "q3"}, "a running test keeps its version"
    bob = Student(client, pool_id, "bob")
    bob.start()
    assert question_ids_of(bob) == {"q0", "q1", "q3"}


def test_repeated_retirement_changes_nothing(client: TestClient, pool_id: str, rows: Rows) -> None:
    version = questions(client, pool_id)["q0"]["version"]
    first = retire(client, pool_id, version=version)
    versions_before = versions(rows)
    assert retire(client, pool_id, version=version).json() == first.json()
    assert retire(client, pool_id).json() == first.json()
    assert versions(rows) == versions_before


def test_retirement_of_a_question_that_changed_is_refused(client: TestClient, pool_id: str) -> None:
    before = questions(client, pool_id)["q0"]
    put(client, pool_id, edit_body(before, content="Corrected"))
    assert retire(client, pool_id, version=before["version"]).status_code == 409
    assert questions(client, pool_id)["q0"]["retired"] is False


def test_retired_question_stays_retired_until_an_edit_restores_it(
    client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    retire(client, pool_id)
    (uploaded,) = make_questions(1)
    upload(client, operator, [{**uploaded, "content": "A corrected text"}], pool_id)
    question = questions(client, pool_id)["q0"]
    assert (question["content"], question["retired"]) == ("A corrected text", True)
    response = put(client, pool_id, edit_body(question, difficulty=0.7))
    assert response.json()["question"]["retired"] is True
    restoring_body = edit_body(response.json()["question"], retired=False)
    assert put(client, pool_id, restoring_body).json()["question"]["is_asked"] is True
    details = client.get(f"/api/pools/{pool_id}", headers=operator).json()["pool"]
    assert (details["question_count"], details["retired_count"]) == (60, 0)


def test_pool_whose_questions_are_all_retired_asks_nothing(
    client: TestClient, operator: dict[str, str]
) -> None:
    pool_id = upload(client, operator, make_questions(1))
    retire(client, pool_id)
    response = client.post(
        "/api/test/start", json={"student_id": "ann", "question_pool_id": pool_id}
    )
    assert (response.status_code, response.json()["code"]) == (409, "nothing_to_ask")


def test_instructors_and_strangers_do_not_write(
    client: TestClient, pool_id: str, rows: Rows
) -> None:
    versions_before = versions(rows)
    body = edit_body(questions(client, pool_id)["q0"], content="x")
    assert client.put(url(pool_id), json=body, headers=INSTRUCTOR).status_code == 403
    assert client.post(f"{url(pool_id)}/retire", headers=INSTRUCTOR).status_code == 403
    version_body = {"question_pool_id": pool_id, "version": versions_before[0]}
    assert (
        client.post("/api/admin-pool-version", json=version_body, headers=INSTRUCTOR).status_code
        == 403
    )
    for response in (
        client.put(url(pool_id), json=body),
        client.post(f"{url(pool_id)}/retire"),
        client.post("/api/admin-pool-version", json=version_body),
    ):
        assert response.status_code == 401
    assert versions(rows) == versions_before
