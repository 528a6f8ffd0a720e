"""Obstacles to an upgrade in live databases are removed or reported; new tests work afterwards."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.assessment.former_ids import fixed_uuid
from tests.assessment.conftest import Rows, Student, make_questions, upload
from tests.assessment.test_live_databases import Run, create_schema, postgres_url, run
from tests.support.live_assessments import FORM_A, FORM_B, ROWS_A, SESSIONS

__all__ = ["postgres_url", "run"]

COUNT_ANSWERS = "SELECT count(*) FROM assessment.test_responses"


def with_changes(form: str, *changes: tuple[str, str]) -> str:
    """Return the form with the changes (old text, new text); each old text must occur in it."""
    for old_text, new_text in changes:
        assert old_text in form
        form = form.replace(old_text, new_text)
    return form


def upgrade_twice(client: TestClient, operator: dict[str, str]) -> list[str]:
    """Upgrade twice, and fail unless both succeed; return the lines of the first report."""
    first, second = (create_schema(client, operator, finish=True) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200), first.text + second.text
    assert not [line for line in second.json()["results"] if line.startswith("assessment.")]
    lines: list[str] = first.json()["results"]
    return lines


def upload_questions_with_long_ids(client: TestClient, operator: dict[str, str]) -> str:
    """Return the id of a new pool of questions whose ids are long."""
    return upload(client, operator, make_questions(8, "a-long-question-id-"))


def answer_three_questions(student: Student) -> Student:
    """Start a test and answer three questions, also with options other than the first two."""
    student.start()
    for option in (3, 2, 1):
        assert student.question is not None
        response = student.post(student.question["id"], option)
        assert response.status_code == 200, response.text
        student.question = response.json()["next_question"]
    return student


def test_answers_with_a_key_of_another_name_get_ids_made_from_it(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(
        with_changes(FORM_A, (
            "CREATE TABLE test_responses (\n  id SERIAL PRIMARY KEY",
            "CREATE TABLE test_responses (\n  response_id SERIAL PRIMARY KEY",
        )),
        ROWS_A,
    )  # fmt: skip
    lines = upgrade_twice(client, operator)
    assert any("test_responses_pkey" in line and "response_id" in line for line in lines)
    ids = rows("SELECT response_id, id FROM assessment.test_responses ORDER BY 1")
    assert ids == [(n, fixed_uuid("answer", str(n))) for n in (1, 2, 3, 4)]
    answer_three_questions(Student(client, upload_questions_with_long_ids(client, operator)))
    assert rows(COUNT_ANSWERS) == [(7,)]


def test_sessions_without_a_status_are_moved_with_their_answers(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(FORM_A, ROWS_A, "ALTER TABLE test_sessions DROP COLUMN status")
    upgrade_twice(client, operator)
    assert rows("SELECT status FROM assessment.test_sessions ORDER BY started_at") == [
        ("completed",), ("completed",), ("active",),
    ]  # fmt: skip
    assert rows(COUNT_ANSWERS) == [(4,)]


def test_open_session_of_the_old_service_ends_with_its_answers_and_a_new_test_works(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(
        FORM_A,
        ROWS_A,
        FORM_B,
        "UPDATE test_sessions SET last_activity = NULL; UPDATE test_sessions SET status = 'active',"
        f" completed_at = NULL, started_at = now() WHERE id = '{SESSIONS[0]}'",
    )
    upgrade_twice(client, operator)
    assert rows("SELECT count(*) FROM assessment.test_sessions WHERE last_activity IS NULL") == [
        (0,)
    ]
    # It began just now, but cannot continue, because it has no version of a pool.
    answer = {"session_id": SESSIONS[0], "question_id": "q3", "response": 0}
    response = client.post("/api/test/submit", json=answer)
    assert (response.status_code, response.json()["code"]) == (409, "session_expired")
    summary = client.post(f"/api/test/end/{SESSIONS[0]}").json()["summary"]
    assert (summary["total_questions"], summary["correct_responses"]) == (2, 1)
    cleanup = client.post("/api/sessions/cleanup", headers=operator).json()
    assert cleanup["sessions_removed"] == 1, "only bob's session was idle"
    answer_three_questions(
        Student(client, upload_questions_with_long_ids(client, operator), "ann")
    ).end()
    assert rows("SELECT count(*) FROM assessment.test_sessions WHERE status = 'active'") == [(0,)]


def test_totals_that_are_missing_are_counted(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(
        FORM_A,
        ROWS_A,
        "ALTER TABLE test_sessions DROP COLUMN total_questions, DROP COLUMN correct_responses,"
        " DROP COLUMN accuracy",
    )
    upgrade_twice(client, operator)
    assert rows(
        "SELECT total_questions, correct_responses, accuracy::float FROM assessment.test_sessions"
        " ORDER BY started_at"
    ) == [(2, 1, 0.5), (1, 1, 1.0), (1, 1, 1.0)]


def test_second_spelling_of_an_id_is_set_aside_and_its_answers_stay(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    padded_id = f"  {SESSIONS[0]}  "
    run(
        FORM_A,
        ROWS_A,
        f"INSERT INTO test_sessions (id, student_id) VALUES ('{padded_id}', 'ann');"
        " INSERT INTO test_responses (student_id, session_id, question_id, is_correct,"
        f" response_time_ms) VALUES ('ann', '{padded_id}', 'q9', 1, 5)",
    )
    lines = upgrade_twice(client, operator)
    assert any("another row has this id" in line for line in lines)
    assert rows("SELECT row_data ->> 'id' FROM assessment.set_aside_rows"
                " WHERE table_name = 'test_sessions'") == [(padded_id,)]  # fmt: skip
    assert rows(f"{COUNT_ANSWERS} WHERE session_id = %s", SESSIONS[0]) == [(3,)]


def test_answers_without_an_id_stay_and_repeated_numbers_are_set_aside_as_they_were(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(
        FORM_A,
        ROWS_A,
        "ALTER TABLE test_responses DROP CONSTRAINT test_responses_pkey,"
        " ALTER COLUMN id DROP NOT NULL; UPDATE test_responses SET id = 3 WHERE id = 4;"
        "INSERT INTO test_responses (id, student_id, session_id, question_id, is_correct,"
        f" response_time_ms) SELECT NULL, 'ann', '{SESSIONS[0]}', 'n' || n, 1, 5"
        " FROM generate_series(1, 3) AS n",
    )
    upgrade_twice(client, operator)
    assert rows(f"{COUNT_ANSWERS} WHERE question_id IN ('n1', 'n2', 'n3')") == [(3,)]
    assert rows(COUNT_ANSWERS) == [(6,)]
    assert rows(
        "SELECT row_data ->> 'id' FROM assessment.set_aside_rows"
        " WHERE reason = 'another row has this id'"
    ) == [("3",)]


def test_values_that_a_cast_would_change_or_refuse_are_copied_and_the_others_kept(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(
        FORM_A,
        ROWS_A,
        f"UPDATE test_sessions SET accuracy = 'Infinity' WHERE id = '{SESSIONS[0]}';"
        f"UPDATE test_sessions SET accuracy = 0.1 WHERE id = '{SESSIONS[1]}';"
        """UPDATE test_responses SET proficiency_after = '["\\u0000"]' WHERE id = 4""",
    )
    upgrade_twice(client, operator)
    assert rows("SELECT accuracy::text FROM assessment.test_sessions ORDER BY started_at") == [
        (None,), ("0.1",), (None,),
    ]  # fmt: skip
    assert rows("SELECT proficiency_after FROM assessment.test_responses ORDER BY timestamp") == [
        ([0.6, 0.5, 0.5, 0.5, 0.5],), ([0.6, 0.4, 0.5, 0.7, 0.5],),
        ([0.8, 0.4, 0.5, 0.7, 0.5],), (None,),
    ]  # fmt: skip
    assert rows(
        "SELECT row_data ->> 'accuracy', row_data -> 'proficiency_after'"
        " FROM assessment.set_aside_rows WHERE reason LIKE '%% the value %%' ORDER BY id"
    ) == [("Infinity", None), (None, ["?"])]  # the copy is JSONB, which has no \u0000


FORM_WITH_LIMITS = with_changes(
    FORM_A,
    ("response_time_ms", "response INTEGER CHECK (response IN (0, 1)), response_time_ms"),
    ("question_id VARCHAR NOT NULL", "question_id VARCHAR(4) NOT NULL"),
    ("status TEXT", "status VARCHAR(9) CHECK (status IN ('active', 'completed'))"),
    ("concept_name VARCHAR NOT NULL", "concept_name VARCHAR(7) NOT NULL"),
)  # fmt: skip


def test_constraints_and_lengths_of_the_old_service_do_not_refuse_new_rows(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(
        FORM_WITH_LIMITS,
        ROWS_A,
        # This session repeats q1, which `asked_once` does not allow.
        f"DELETE FROM test_responses WHERE session_id = '{SESSIONS[1]}';"
        "CREATE UNIQUE INDEX one_active ON test_sessions (student_id) WHERE status = 'active';"
        "ALTER TABLE test_responses ADD CONSTRAINT asked_once UNIQUE (student_id, question_id)",
    )
    lines = upgrade_twice(client, operator)
    for name in ("test_responses_response_check", "test_sessions_status_check", "one_active",
                 "asked_once"):  # fmt: skip
        assert any(name in line for line in lines), name
    pool = upload_questions_with_long_ids(client, operator)
    first = answer_three_questions(Student(client, pool, "bob"))
    answer_three_questions(Student(client, pool, "bob"))
    first.end()
    cleanup = client.post("/api/sessions/cleanup", headers=operator)
    assert cleanup.status_code == 200, cleanup.text
    assert rows(f"{COUNT_ANSWERS} WHERE student_id = 'bob'") == [(7,)]
    assert ("Statistics",) in rows("SELECT concept_name FROM assessment.student_proficiencies")


TRIGGERS = """
CREATE TABLE log (what TEXT);
CREATE FUNCTION touch() RETURNS TRIGGER LANGUAGE plpgsql AS
  $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE FUNCTION keep() RETURNS TRIGGER LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'answers stay'; END $$;
CREATE FUNCTION praise() RETURNS TRIGGER LANGUAGE plpgsql AS
  $$ BEGIN NEW.response_time_ms := NEW.is_correct + 1; RETURN NEW; END $$;
CREATE FUNCTION note() RETURNS TRIGGER LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.log VALUES (NEW.question_id); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON student_proficiencies FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON test_responses FOR EACH ROW EXECUTE FUNCTION keep();
CREATE TRIGGER praise BEFORE INSERT ON test_responses FOR EACH ROW EXECUTE FUNCTION praise();
CREATE TRIGGER note AFTER INSERT ON test_responses FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE test_responses ENABLE ALWAYS TRIGGER note;
"""


def test_triggers_do_not_fire_during_the_upgrade_and_stay_where_they_fit(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(FORM_A, ROWS_A, "UPDATE student_proficiencies SET updated_at = '2024-01-01Z'", TRIGGERS)
    lines = upgrade_twice(client, operator)
    assert rows("SELECT DISTINCT updated_at::text FROM assessment.student_proficiencies") == [
        ("2024-01-01 00:00:00",)
    ]
    assert any("the trigger praise stays disabled" in line for line in lines)
    assert dict(rows("SELECT tgname::text, tgenabled::text FROM pg_trigger"
                     " WHERE tgname IN ('touch', 'keep', 'praise', 'note')")) == {
        "touch": "O", "keep": "O", "praise": "D", "note": "A",
    }  # fmt: skip
    answer_three_questions(Student(client, upload_questions_with_long_ids(client, operator)))
    assert rows("SELECT count(*) FROM log") == [(3,)]


def test_policies_are_created_again_or_kept_as_text(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(
        FORM_A,
        ROWS_A,
        "CREATE POLICY own ON test_responses AS RESTRICTIVE FOR SELECT TO PUBLIC"
        " USING (student_id = current_user);"
        "CREATE POLICY mine ON test_responses FOR INSERT WITH CHECK (session_id = 'x')",
    )
    lines = upgrade_twice(client, operator)
    assert rows("SELECT policyname::text, permissive, cmd FROM pg_policies") == [
        ("own", "RESTRICTIVE", "SELECT")
    ]
    assert any("the policy mine was dropped" in line for line in lines)
    (definition,) = rows(
        "SELECT row_data ->> 'definition' FROM assessment.set_aside_rows"
        " WHERE table_name = 'pg_policies'"
    )
    assert definition[0].startswith("CREATE POLICY mine ON ")


def test_partitioned_table_is_refused_by_name_and_stays(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(
        "CREATE TABLE test_sessions (id TEXT, student_id TEXT, status TEXT)"
        " PARTITION BY LIST (status);"
        " CREATE TABLE sessions_2025 PARTITION OF test_sessions DEFAULT;"
        " INSERT INTO test_sessions VALUES ('s', 'ann', 'active')"
    )
    response = create_schema(client, operator, finish=True)
    assert response.status_code == 409
    assert "public.test_sessions is a partitioned table, LIST (status)" in response.json()["error"]
    assert rows("SELECT * FROM public.test_sessions") == [("s", "ann", "active")]


VECTORS = {
    '"[0.6, 0.4]"': [0.6, 0.4],
    '"\\"[0.6, 0.4]\\""': [0.6, 0.4],
    '["0.6", 0.4]': [0.6, 0.4],
    "[-2.5, 3]": [-2.5, 3],
    "[]": [],
    "null": None,
    '{"Math": 0.6}': None,
    '["high"]': None,
    "7": None,
}


@pytest.mark.parametrize(("stored_json", "expected"), VECTORS.items())
def test_vectors_are_read_from_any_json_or_kept_in_a_copy(
    client: TestClient,
    operator: dict[str, str],
    run: Run,
    rows: Rows,
    stored_json: str,
    expected: Any,
) -> None:
    run(
        FORM_A,
        ROWS_A,
        f"UPDATE test_sessions SET final_proficiency = '{stored_json}', status = NULL;"
        f"UPDATE test_responses SET proficiency_after = '{stored_json}'",
    )
    upgrade_twice(client, operator)
    final_proficiencies_query = "SELECT DISTINCT final_proficiency FROM assessment.test_sessions"
    assert rows(final_proficiencies_query) == [(expected,)]
    assert rows("SELECT DISTINCT proficiency_after FROM assessment.test_responses") == [(expected,)]
    copies = rows("SELECT count(*) FROM assessment.set_aside_rows WHERE reason LIKE '%%numbers'")
    assert copies == [(7 if expected is None and stored_json != "null" else 0,)]
    status = client.get(f"/api/test/status/{SESSIONS[0]}").json()
    assert status["current_proficiency"] == (expected or [0.5] * 5)
    for path in ("history", "progress", "proficiency"):
        assert client.get(f"/api/student/ann/{path}", headers=operator).status_code == 200


@pytest.mark.parametrize("confidence", ["0", "NULL", "0.5"])
def test_old_values_of_any_confidence_are_not_a_prior(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows, confidence: str
) -> None:
    run(
        FORM_A,
        ROWS_A,
        "UPDATE student_proficiencies SET proficiency_value = 0.9, confidence = " + confidence,
    )
    upgrade_twice(client, operator)
    assert rows("SELECT DISTINCT proven FROM assessment.student_proficiencies") == [(False,)]
    ann = Student(client, upload(client, operator, make_questions(8)), "ann")
    assert set(ann.start()["initial_proficiency"]) == {0.5}


def test_last_written_of_several_values_with_the_same_time_counts(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    values = ", ".join(f"('ann', 'Twin', {n / 100}, '2025-01-01Z')" for n in range(12))
    run(
        FORM_A,
        ROWS_A,
        "INSERT INTO student_proficiencies (student_id, concept_name, proficiency_value,"
        f" updated_at) VALUES {values}",
    )
    upgrade_twice(client, operator)
    assert rows(
        "SELECT proficiency_value::float FROM assessment.student_proficiencies"
        " WHERE concept_name = 'Twin'"
    ) == [(0.11,)]
