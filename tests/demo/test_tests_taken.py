"""The demo's tests agree with what the service would have recorded."""

from uuid import UUID

import numpy as np
import psycopg
import pytest

from lib.assessment.calibration.run import calibrate_pool
from lib.assessment.pools.item_pool import item_pool
from lib.assessment.sessions.session import confidences, proficiency, rebuild
from lib.assessment.sessions.store import NewStart, read_with_answers, start_session
from lib.assessment.sessions.submit import submit
from lib.assessment.sessions.wire import SubmitIn
from lib.deps import Deps
from lib.engine import latent_mean
from lib.settings import Settings
from local.demo.examinees import examinees
from local.demo.loading import load_pool, load_tests
from local.demo.pool import CONCEPTS, POOL_ID
from local.servers.postgres_server import PostgresServer
from tests.demo.conftest import RunQuery

RECORDED_SESSION = """
    SELECT total_questions, correct_responses, accuracy, learning_gain, test_efficiency, status,
      end_reason, initial_proficiency, current_proficiency, current_confidence,
      final_proficiency, next_question_id, prior, concept_names, end_criteria
    FROM assessment.test_sessions WHERE id = %s"""
TESTS_BY_START = """
    SELECT id, end_criteria FROM assessment.test_sessions
    WHERE student_id = %s ORDER BY started_at"""
ANSWERS = """
    SELECT question_id, response, is_correct, proficiency_before, proficiency_after, position,
      next_question_id
    FROM assessment.test_responses WHERE session_id = %s ORDER BY position"""


@pytest.fixture
def postgres_url(demo_url: str) -> str:
    return demo_url


def test_seventy_students_took_one_to_four_tests(run_query: RunQuery) -> None:
    per_student = run_query("SELECT count(*) FROM test_sessions GROUP BY student_id ORDER BY 1")
    assert len(per_student) == 70
    assert {count for (count,) in per_student} == {1, 2, 3, 4}


def test_tests_are_completed_expired_under_way_and_abandoned(run_query: RunQuery) -> None:
    counts = run_query("SELECT status, count(*) FROM test_sessions GROUP BY 1 ORDER BY 1")
    assert counts == [("active", 3), ("completed", 108), ("expired", 2)]
    idle = """
        SELECT last_activity < (now() AT TIME ZONE 'UTC') - INTERVAL '30 minutes', count(*)
        FROM test_sessions WHERE status = 'active' GROUP BY 1 ORDER BY 1"""
    assert run_query(idle) == [(False, 2), (True, 1)]


def test_nine_in_ten_tests_with_recommended_criteria_reach_precision(run_query: RunQuery) -> None:
    """docs/assessment.md recommends these criteria for pools like the demo's."""
    ((precise, completed),) = run_query("""
        SELECT count(*) FILTER (WHERE end_reason = 'precision'), count(*) FROM test_sessions
        WHERE status = 'completed' AND end_criteria ->> 'type' = 'precision'
          AND (end_criteria ->> 'precision_threshold')::float = 0.6
          AND (end_criteria ->> 'min_questions')::int = 10
          AND (end_criteria ->> 'max_questions')::int = 30""")
    assert completed >= 20
    assert precise / completed >= 0.9


def test_calibration_flags_the_misread_question_and_no_other(
    deps: Deps, run_query: RunQuery
) -> None:
    assert calibrate_pool(UUID(POOL_ID), deps).drifted == ["sta-014"]
    misread = "question_id = 'sta-014' AND NOT is_correct"
    responses = run_query(f"SELECT DISTINCT response FROM test_responses WHERE {misread}")
    option = "SELECT options ->> 1 FROM questions WHERE id = 'sta-014'"
    assert (1,) in responses
    assert run_query(option) == [("4/25",)]  # (4/10)², as if the first ball were put back


@pytest.mark.parametrize("seed", [1, 2])
def test_calibration_flags_the_misread_question_whatever_students_answer_elsewhere(
    seed: int, postgres_server: PostgresServer
) -> None:
    name = f"other_answers_{seed}"
    other = Deps(Settings(postgres_url=postgres_server.create_database(name, template="migrated")))
    load_pool(other)
    load_tests(other, examinees(seed))
    drifted = calibrate_pool(UUID(POOL_ID), other).drifted
    other.close()
    postgres_server.drop_database(name)
    assert drifted[0] == "sta-014"


def test_a_student_who_is_stuck_in_the_workshop_has_taken_four_tests(run_query: RunQuery) -> None:
    tests_of_the_student = """
        SELECT s.current_step, count(*) FROM public.students st
        JOIN public.sessions s USING (student_id)
        JOIN assessment.test_sessions t ON t.student_id = st.student_id::text
        WHERE st.student_email = 'aisha.khan@example.com'
          AND s.last_activity < now() - INTERVAL '24 hours'
        GROUP BY s.current_step"""
    assert run_query(tests_of_the_student) == [(8, 4)]


def test_every_session_is_rebuilt_with_its_recorded_values(deps: Deps, run_query: RunQuery) -> None:
    ((version,),) = run_query("SELECT current_version FROM question_pools")
    pool = item_pool(deps.postgres, UUID(POOL_ID), version)
    for (session_id,) in run_query("SELECT id FROM test_sessions"):
        stored_session = read_with_answers(deps.postgres, session_id)
        assert stored_session is not None
        session = rebuild(*stored_session, pool)
        assert session is not None
        assert proficiency(session.prior) == stored_session[0].initial_proficiency
        assert proficiency(session.posterior) == stored_session[0].current_proficiency
        stored_confidences = run_query(
            f"SELECT current_confidence FROM test_sessions WHERE id = '{session_id}'"
        )
        assert stored_confidences == [(confidences(session.posterior),)]


@pytest.mark.parametrize("number", [0, 4, 11, 40])
def test_service_records_the_same_values_for_the_same_answers(
    number: int, postgres_url: str, postgres_server: PostgresServer
) -> None:
    examinee = examinees()[number]
    with psycopg.connect(postgres_url) as demo:
        session_id, criteria = demo.execute(TESTS_BY_START, [examinee.id]).fetchall()[0]
        expected = demo.execute(RECORDED_SESSION, [session_id]).fetchone()
        answers = demo.execute(ANSWERS, [session_id]).fetchall()
    other_url = postgres_server.create_database("replay", template="migrated")
    other = Deps(Settings(postgres_url=other_url))
    load_pool(other)
    new_start = NewStart(session_id, examinee.id, UUID(POOL_ID), list(CONCEPTS), criteria)
    start_session(other.postgres, new_start)
    for question_id, response, *_ in answers:
        submit(SubmitIn(session_id=session_id, question_id=question_id, response=response), other)
    other.close()
    with psycopg.connect(other_url) as connection:
        assert connection.execute(RECORDED_SESSION, [session_id]).fetchone() == expected
        assert connection.execute(ANSWERS, [session_id]).fetchall() == answers
    postgres_server.drop_database("replay")


def test_long_term_proficiency_is_that_of_the_last_closed_test(run_query: RunQuery) -> None:
    differing = """
        SELECT p.student_id FROM student_proficiencies p JOIN LATERAL (
          SELECT s.* FROM test_sessions s WHERE s.student_id = p.student_id AND status <> 'active'
          ORDER BY last_activity DESC LIMIT 1) AS s ON TRUE
        WHERE p.updated_at <> s.last_activity OR to_jsonb(p.proficiency_value) <>
          s.final_proficiency -> (array_position(s.concept_names, p.concept_name) - 1)"""
    assert run_query(differing) == []
    # One of the 70 students took one test, abandoned it, and nobody has closed it yet.
    assert run_query("SELECT count(*) FROM student_proficiencies") == [(69 * 5,)]


def test_only_the_first_test_of_a_student_uses_no_earlier_results(run_query: RunQuery) -> None:
    tests_without_prior = """
        SELECT prior IS NULL, row_number() OVER (PARTITION BY student_id ORDER BY started_at) = 1
        FROM test_sessions"""
    assert all(without_prior == first for without_prior, first in run_query(tests_without_prior))


def test_a_test_under_way_accepts_the_next_answer(deps: Deps, run_query: RunQuery) -> None:
    ((session_id, question_id, count),) = run_query(
        "SELECT id, next_question_id, total_questions FROM test_sessions"
        " WHERE status = 'active' ORDER BY last_activity DESC LIMIT 1"
    )
    answer = SubmitIn(session_id=session_id, question_id=question_id, response=0)
    assert submit(answer, deps).status in {"continue", "completed"}
    assert run_query(f"SELECT total_questions FROM test_sessions WHERE id = '{session_id}'") == [
        (count + 1,)
    ]


def test_measured_abilities_correlate_with_the_simulated_ones(run_query: RunQuery) -> None:
    measured_by_concept = {
        (student, concept): float(latent_mean(float(value), 1 - float(confidence)))
        for student, concept, value, confidence in run_query(
            "SELECT student_id, concept_name, proficiency_value, confidence"
            " FROM student_proficiencies"
        )
    }
    with_result = [
        examinee for examinee in examinees() if (examinee.id, CONCEPTS[0]) in measured_by_concept
    ]
    true_abilities = [examinee.ability(examinee.tests - 1) for examinee in with_result]
    measured_abilities = [
        [measured_by_concept[examinee.id, concept] for concept in CONCEPTS]
        for examinee in with_result
    ]
    assert np.corrcoef(np.ravel(true_abilities), np.ravel(measured_abilities))[0, 1] > 0.75


def test_no_answer_takes_more_than_a_minute_or_lies_outside_its_session(
    run_query: RunQuery,
) -> None:
    times = run_query("SELECT min(seconds), max(seconds) FROM test_responses")
    assert 0 < times[0][0] < times[0][1] <= 60
    answers_outside_their_session = """
        SELECT 1 FROM test_responses r JOIN test_sessions s ON s.id = r.session_id
        WHERE r.timestamp <= s.started_at OR r.timestamp > s.last_activity"""
    assert run_query(answers_outside_their_session) == []
