"""A live learning system's database is adopted row by row; rows that do not fit are reported."""

from collections.abc import Iterator

import psycopg
import pytest

from lib.learning.fixed_ids import fixed_uuid
from tests.support.adopted_learning import (
    Connection,
    adopted,
    everything,
    live_database,
    upgrade,
)
from tests.support.databases import Databases
from tests.support.live_learning import TABLES, LiveRows, generate

REFERENCES = {
    "user": ("user_id", "users"),
    "teacher": ("teacher_id", "users"),
    "class": ("class_id", "classes"),
    "student": ("student_id", "student_profiles"),
    "topic": ("topic_id", "topics"),
    "concept": ("concept_id", "concepts"),
    "question": ("question_id", "questions"),
}
"""Names of references in expected rows, with our column and the table that it refers to."""


@pytest.fixture
def live(databases: Databases) -> Iterator[Connection]:
    with live_database(databases) as connection:
        yield connection


def compare(live: Connection, rows: LiveRows) -> None:
    """Check that each adopted row is the expected one."""
    for table, expected in rows.expected.items():
        adopted_rows = adopted(live, table)
        assert sorted(adopted_rows) == sorted(expected), table
        for former_id, values in expected.items():
            row = adopted_rows[former_id]
            assert row["id"] == str(fixed_uuid(table, former_id))
            for name, value in values.items():
                if name in REFERENCES:
                    column, parent = REFERENCES[name]
                    id_ = None if value is None else str(fixed_uuid(parent, value))
                    assert row[column] == id_, (table, former_id, name)
                elif name != "stated":  # the weightage before it was scaled
                    assert row[name] == value, (table, former_id, name)


def test_fixed_ids_are_the_same_in_sql_and_python(postgres_url: str) -> None:
    numbers = [0, 1, 2, 41, 2**31, 2**62, -5]
    with psycopg.connect(postgres_url) as connection:
        for table in TABLES:
            for number in numbers:
                ((sql_id,),) = connection.execute(
                    "SELECT learning.fixed_uuid(%s, %s)", [table, number]
                ).fetchall()
                assert sql_id == fixed_uuid(table, number)
                assert (sql_id.version, sql_id.variant) == (8, "specified in RFC 4122")
    # The rule must not change, because pages store these ids.
    assert str(fixed_uuid("users", 1)) == "646351ee-1ddd-822f-b27d-188167219b1c"
    assert len({fixed_uuid(table, n) for table in TABLES for n in numbers}) == 77


@pytest.mark.parametrize("seed", range(6))
def test_random_database_is_adopted_row_by_row(live: Connection, seed: int) -> None:
    rows = generate(seed)
    rows.insert(live)
    result = upgrade(live)
    assert result.refused == []
    compare(live, rows)
    # Rows that were not adopted stay in the moved tables, and their ids are reported.
    moved_counts = {
        name.partition(".")[2]: len(table_rows)
        for name, table_rows in everything(live).items()
        if name.startswith("learning_set_aside_")
    }
    assert moved_counts == {table: len(rows.rows[table]) for table in TABLES}
    for table in TABLES:
        missing = {row["id"] for row in rows.rows[table]} - {*rows.expected[table]}
        reported_ids = {
            int(number)
            for line in result.reports
            if line.startswith(f"learning.{table}: ") and "rows not adopted: " in line
            for number in line.removesuffix(")").rpartition(" (id ")[2].split(", ")
        }
        assert reported_ids == missing, table


@pytest.mark.parametrize("seed", [0, 4])
def test_second_upgrade_changes_nothing(live: Connection, seed: int) -> None:
    generate(seed).insert(live)
    upgrade(live)
    before = everything(live)
    assert len(before) > 25
    assert not [line for line in upgrade(live).reports if "learning" in line]
    assert everything(live) == before
