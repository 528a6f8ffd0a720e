"""Databases of older deployments are upgraded in place, with every row."""

import psycopg
import pytest

from lib.assessment.former_ids import fixed_uuid
from lib.database.queries import load_script
from lib.database.schema import FINISH, schema_scripts
from tests.support.old_assessment import BARE, FULL, ORPHANS, POOL, QUESTIONS, ROWS

TABLES = {
    "students": "examinees",
    "student_proficiencies": "student_proficiencies",
    "test_sessions": "test_sessions",
    "test_responses": "test_responses",
}
"""Former name in `public` and name in `assessment`."""

CATALOG_QUERIES = (
    (
        "SELECT table_name, column_name, data_type, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = 'assessment' ORDER BY 1, 2"
    ),
    (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated"
        " FROM pg_constraint WHERE connamespace = 'assessment'::regnamespace AND contype <> 'n'"
        " ORDER BY 1, 2"
    ),
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'assessment' ORDER BY 1",
    "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
)


def run(url: str, *scripts: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for script in scripts:
            connection.execute(script.encode())


def fetch(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def upgrade(url: str) -> None:
    """Drop the views that serve the previous version, and run the schema scripts."""
    with psycopg.connect(url) as connection:
        connection.execute(load_script(FINISH).encode())
        for _, script in schema_scripts():
            connection.execute(script.encode())


def row_ids(url: str, schema: str) -> dict[str, set[object]]:
    """Return the ids in each table of the schema, by the table's former name."""
    return {
        former_name: {
            row[0]
            for row in fetch(
                url, f"SELECT id::text FROM {schema}.{former_name if schema == 'public' else table}"
            )
        }
        for former_name, table in TABLES.items()
    }


@pytest.mark.parametrize("old_script", [BARE + ROWS + ORPHANS, FULL + ROWS + QUESTIONS])
def test_every_row_is_kept_or_set_aside(old_script: str, empty_postgres_url: str) -> None:
    run(empty_postgres_url, old_script)
    before = row_ids(empty_postgres_url, "public")
    upgrade(empty_postgres_url)
    after = row_ids(empty_postgres_url, "assessment")
    set_aside = fetch(
        empty_postgres_url, "SELECT table_name, row_data->>'id' FROM assessment.set_aside_rows"
    )
    for table in TABLES:
        all_ids = after[table] | {row_id for name, row_id in set_aside if name == table}
        assert before[table] <= all_ids, table
        assert len(after[table]) + sum(name == table for name, _ in set_aside) >= len(before[table])
    upgrade(empty_postgres_url)
    assert row_ids(empty_postgres_url, "assessment") == after, "a second run changes nothing"


def test_first_answer_and_newest_proficiency_are_kept(empty_postgres_url: str) -> None:
    run(empty_postgres_url, FULL, ROWS)
    upgrade(empty_postgres_url)
    assert fetch(
        empty_postgres_url,
        "SELECT question_id, response FROM assessment.test_responses"
        " WHERE student_id = 'ann' ORDER BY question_id",
    ) == [("q1", 1), ("q2", 0)]
    assert fetch(
        empty_postgres_url,
        "SELECT proficiency_value::float FROM assessment.student_proficiencies"
        " WHERE student_id = 'ann' AND concept_name = 'Math'",
    ) == [(0.6,)]
    assert fetch(
        empty_postgres_url,
        "SELECT table_name, reason, row_data->>'response', row_data->>'proficiency_value'"
        " FROM assessment.set_aside_rows ORDER BY table_name",
    ) == [
        ("student_proficiencies", "an older value of the same concept", None, "0.4"),
        ("test_responses", "a later answer to an answered question", "2", None),
    ]


def test_rows_without_their_parent_row_get_one_or_are_set_aside(empty_postgres_url: str) -> None:
    run(empty_postgres_url, BARE, ROWS, ORPHANS)
    upgrade(empty_postgres_url)
    students = fetch(empty_postgres_url, "SELECT id FROM assessment.examinees ORDER BY id")
    assert students == [("ann",), ("bob",), ("cyd",), ("dan",), ("eve",)]
    assert fetch(
        empty_postgres_url,
        "SELECT reason, row_data->>'question_id' FROM assessment.set_aside_rows"
        " WHERE reason LIKE '%without%'",
    ) == [("an answer without its session", "q7")]


@pytest.mark.parametrize("old_script", [BARE + ROWS + ORPHANS, FULL + ROWS + QUESTIONS])
def test_upgraded_schema_equals_a_new_one(
    old_script: str, empty_postgres_url: str, postgres_url: str
) -> None:
    run(empty_postgres_url, old_script)
    upgrade(empty_postgres_url)
    for query in CATALOG_QUERIES:
        assert fetch(empty_postgres_url, query) == fetch(postgres_url, query)


def test_pool_versions_of_an_earlier_release_get_columns_for_settings_and_counts(
    empty_postgres_url: str, postgres_url: str
) -> None:
    upgrade(empty_postgres_url)
    run(
        empty_postgres_url,
        f"""
        DROP TABLE assessment.calibration_attempts;
        ALTER TABLE assessment.pool_versions DROP COLUMN selection, DROP COLUMN exposure,
          DROP CONSTRAINT pool_versions_origin_check,
          ADD CONSTRAINT pool_versions_origin_check
            CHECK (origin IN ('upload', 'calibration', 'adopted'));
        INSERT INTO assessment.question_pools (id, concept_count, current_version)
        VALUES ('{POOL}', 2, 1);
        INSERT INTO assessment.pool_versions (pool_id, version, origin, question_count)
        VALUES ('{POOL}', 1, 'upload', 0);
        """,
    )
    upgrade(empty_postgres_url)
    upgrade(empty_postgres_url)
    for query in CATALOG_QUERIES:
        assert fetch(empty_postgres_url, query) == fetch(postgres_url, query)
    versions = "SELECT version, origin, selection, exposure FROM assessment.pool_versions"
    assert fetch(empty_postgres_url, versions) == [(1, "upload", None, None)]


def test_workshop_students_stay_untouched(empty_postgres_url: str) -> None:
    upgrade(empty_postgres_url)
    run(empty_postgres_url, "INSERT INTO public.students (student_email) VALUES ('a@b.example')")
    upgrade(empty_postgres_url)
    assert fetch(empty_postgres_url, "SELECT count(*) FROM public.students") == [(1,)]


def test_existing_questions_become_a_usable_pool(empty_postgres_url: str) -> None:
    run(empty_postgres_url, FULL, QUESTIONS)
    upgrade(empty_postgres_url)
    assert fetch(
        empty_postgres_url,
        "SELECT p.id::text, p.concept_count, v.origin, v.selection"
        " FROM assessment.question_pools p"
        " JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version",
    ) == [(POOL, 2, "adopted", {"difficulty_error": 0.7, "discrimination_error": 0.3})]
    assert fetch(
        empty_postgres_url,
        "SELECT question_id, position, correct_option, concepts, difficulty, discrimination"
        " FROM assessment.pool_items ORDER BY position",
    ) == [
        ("q1", 0, 1, [1.0, 0.0], 0.3, 1.2),
        ("q2", 1, 0, [0.0, 1.0], 0.5, 1.0),
        ("q3", 2, None, [0.0, 1.0], 0.5, 1.0),  # its answer is not an option: never asked
        ("q4", 3, 0, [1.0, 0.0], 0.5, 1.0),  # without concepts: the first one
    ]
    # q5 is kept, but does not become an item, because its only weight is too small.
    assert fetch(empty_postgres_url, "SELECT count(*) FROM assessment.questions") == [(5,)]


def test_last_activity_of_old_sessions_is_their_newest_recorded_time(
    empty_postgres_url: str,
) -> None:
    run(empty_postgres_url, FULL, ROWS)
    upgrade(empty_postgres_url)
    assert fetch(
        empty_postgres_url,
        "SELECT last_activity::text FROM assessment.test_sessions ORDER BY id",
    ) == [("2025-01-01 10:03:00",), ("2025-01-02 10:00:00",), ("2025-01-03 11:00:00",)]


def test_monitoring_queries_of_the_guide_run_as_printed(postgres_url: str) -> None:
    for query in (
        (
            "SELECT COUNT(*) FROM test_sessions WHERE status = 'active'"
            " AND last_activity > NOW() - INTERVAL '30 minutes'"
        ),
        "SELECT pool_id, COUNT(*) as question_count FROM questions GROUP BY pool_id",
        (
            "SELECT student_id, COUNT(*) as total_responses,"
            " AVG(CASE WHEN is_correct THEN 1 ELSE 0 END) as accuracy"
            " FROM test_responses GROUP BY student_id"
        ),
    ):
        fetch(postgres_url, query)


def test_numbered_answers_get_fixed_ids_and_keep_their_numbers(empty_postgres_url: str) -> None:
    url = empty_postgres_url
    table, _, columns = FULL.partition(
        "CREATE TABLE test_responses (\n  id UUID PRIMARY KEY DEFAULT"
    )
    table_with_serial_ids = f"{table}CREATE TABLE test_responses (\n  id SERIAL PRIMARY KEY"
    run(url, table_with_serial_ids + columns.removeprefix(" gen_random_uuid()"), ROWS)
    upgrade(url)
    run(
        url,
        "INSERT INTO assessment.test_responses (student_id, session_id, question_id, response)"
        " SELECT 'ann', id, 'q9', 0 FROM assessment.test_sessions LIMIT 1",
    )
    answers = fetch(url, "SELECT former_id, id FROM assessment.test_responses ORDER BY 1")
    assert [number for number, _ in answers] == ["1", "3", "4", None]
    assert answers[0][1] == fixed_uuid("answer", "1")
