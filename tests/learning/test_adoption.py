"""A live learning system's database comes over row by row; what does not fit is reported."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from lib.database.schema import Upgrade, upgrade_schema
from lib.learning.fixed_ids import fixed_uuid
from tests.support.databases import Databases
from tests.support.live_learning import (
    LIVE_TABLES,
    LOOSEN,
    TABLES,
    LiveRows,
    generate,
)

Row = dict[str, Any]
Connection = psycopg.Connection[Row]
REFERENCES = {
    "user": ("user_id", "users"),
    "teacher": ("teacher_id", "users"),
    "class": ("class_id", "classes"),
    "student": ("student_id", "student_profiles"),
    "topic": ("topic_id", "topics"),
    "concept": ("concept_id", "concepts"),
    "question": ("question_id", "questions"),
}
"""Names of references in expected rows, with our column and its table."""


@pytest.fixture
def live(databases: Databases) -> Iterator[Connection]:
    """The tables of a live database, empty, in a database without ours."""
    with (
        databases.copy() as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as own,
    ):
        own.execute(LIVE_TABLES)
        yield own


def upgrade(live: Connection) -> Upgrade:
    with live.transaction():
        return upgrade_schema(live)


def adopted(live: Connection, table: str) -> dict[int, Row]:
    """Return the rows of one of our tables by their former id."""
    query = sql.SQL("SELECT t.former_id, to_jsonb(t) AS row FROM learning.{} AS t")
    return {
        row["former_id"]: row["row"] for row in live.execute(query.format(sql.Identifier(table)))
    }


def counts(live: Connection) -> dict[str, int]:
    """Return the number of rows of every table but those of bookkeeping."""
    tables = live.execute(
        "SELECT schemaname AS schema, tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        " OR schemaname LIKE 'learning%' ORDER BY 1, 2"
    ).fetchall()
    query = sql.SQL("SELECT count(*) AS rows FROM {}")
    found = {}
    for table in tables:
        name = sql.Identifier(table["schema"], table["name"])
        (row,) = live.execute(query.format(name))
        found[f"{table['schema']}.{table['name']}"] = row["rows"]
    return found


def line_with(upgrade: Upgrade, *parts: str) -> str:
    """Return the one reported line that has all the parts."""
    (line,) = [line for line in upgrade.reports if all(part in line for part in parts)]
    return line


def compare(live: Connection, rows: LiveRows) -> None:
    """Compare each adopted row with what is expected of it."""
    for table, expected in rows.expected.items():
        found = adopted(live, table)
        assert sorted(found) == sorted(expected), table
        for former_id, values in expected.items():
            row = found[former_id]
            assert row["id"] == str(fixed_uuid(table, former_id))
            for name, value in values.items():
                if name in REFERENCES:
                    column, parent = REFERENCES[name]
                    id_ = None if value is None else str(fixed_uuid(parent, value))
                    assert row[column] == id_, (table, former_id, name)
                elif name != "stated":
                    assert row[name] == value, (table, former_id, name)


def test_fixed_ids_are_the_same_in_sql_and_python(postgres_url: str) -> None:
    # sha256("users:1") = 5bbe2c08…: the rule must not change, because old pages hold the numbers.
    numbers = [0, 1, 2, 41, 2**31, 2**62, -5]
    with psycopg.connect(postgres_url) as connection:
        for table in TABLES:
            for number in numbers:
                ((made,),) = connection.execute(
                    "SELECT learning.fixed_uuid(%s, %s)", [table, number]
                ).fetchall()
                assert made == fixed_uuid(table, number)
                assert (made.version, made.variant) == (8, "specified in RFC 4122")
    assert len({fixed_uuid(table, n) for table in TABLES for n in numbers}) == 77


@pytest.mark.parametrize("seed", range(6))
def test_random_database_comes_over_row_by_row(live: Connection, seed: int) -> None:
    rows = generate(seed)
    live.execute(LOOSEN)
    rows.insert(live)
    result = upgrade(live)
    assert result.refused == []
    compare(live, rows)
    # Everything that was not adopted stays in the moved tables, and is named.
    moved = {name: n for name, n in counts(live).items() if name.startswith("learning_set_aside_")}
    assert [moved[name] for name in sorted(moved)] == [
        len(rows.rows[table]) for table in sorted(TABLES)
    ]
    for table in TABLES:
        missing = {row["id"] for row in rows.rows[table]} - {*rows.expected[table]}
        named = {
            int(number)
            for line in result.reports
            if line.startswith(f"learning.{table}: ") and "were not adopted" in line
            for number in line.rpartition(": id ")[2].split(", ")
        }
        assert named == missing, table


@pytest.mark.parametrize("seed", [0, 4])
def test_second_upgrade_changes_nothing(live: Connection, seed: int) -> None:
    live.execute(LOOSEN)
    generate(seed).insert(live)
    upgrade(live)
    before = [counts(live), *(adopted(live, table) for table in TABLES)]
    reports = upgrade(live).reports
    assert not [line for line in reports if "learning" in line]
    assert [counts(live), *(adopted(live, table) for table in TABLES)] == before
