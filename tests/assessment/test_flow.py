"""A test from start to end."""

from typing import Any

from tests.assessment.conftest import Rows, Student


def test_fixed_length_test_is_completed_by_its_last_answer(ann: Student, rows: Rows) -> None:
    started = ann.start(end_criteria={"max_questions": 6})
    assert started["status"] == "started"
    assert started["initial_proficiency"] == [0.5] * 5
    assert started["concept_names"] == ["Math", "Algebra", "Geometry", "Statistics", "Calculus"]
    assert set(started["next_question"]) == {"id", "content", "options", "concepts"}
    responses: list[dict[str, Any]] = [ann.answer(right=i != 2) for i in range(6)]
    for count, response in enumerate(responses[:-1], start=1):
        assert response["status"] == "continue"
        assert response["questions_answered"] == count
    last = responses[-1]
    assert last == {
        "status": "completed",
        "final_proficiency": last["final_proficiency"],
        "total_questions": 6,
        "accuracy": 0.833333,
        "test_summary": ann.end()["summary"],
    }
    assert rows(
        "SELECT status, end_reason, total_questions, correct_responses, accuracy::float,"
        " final_proficiency, completed_at IS NOT NULL FROM assessment.test_sessions"
    ) == [("completed", "max_questions", 6, 5, 0.833333, last["final_proficiency"], True)]
    stored_proficiencies = rows(
        "SELECT concept_name, proficiency_value::float FROM assessment.student_proficiencies"
    )
    assert dict(stored_proficiencies) == dict(
        zip(started["concept_names"], last["final_proficiency"], strict=True)
    )
