"""docs/promises.md says which SQL of the guides Postgres refuses, in which state, and how."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from lib.database.schema import upgrade_schema
from local.servers.postgres_server import PostgresServer, address_in_environment, program
from tests.support.legacy_data import create_tables
from tests.support.old_assessment import FULL, QUESTIONS, ROWS
from tests.support.requirements import sql_block, sql_blocks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "promises.md"
GUIDES = ("000", "001", "003", "004")


def upgrade(url: str, *, finish: bool = False) -> None:
    with psycopg.connect(url) as connection:
        upgrade_schema(connection, finish=finish)


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def create_legacy_tables(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        create_tables(connection)


def upgrade_legacy_tables(url: str) -> None:
    create_legacy_tables(url)
    upgrade(url)


def serve_previous_version(url: str) -> None:
    execute(url, FULL + ROWS + QUESTIONS)
    upgrade(url)


def finish_upgrade(url: str) -> None:
    execute(url, FULL + ROWS + QUESTIONS)
    upgrade(url, finish=True)


def roll_back(url: str) -> None:
    upgrade(url)
    execute(url, sql_block("004", "DROP TABLE IF EXISTS events"))


STATES: dict[str, list[Callable[[str], None]]] = {
    "fresh": [lambda _: None],
    "legacy": [create_legacy_tables],
    "upgraded": [upgrade, upgrade_legacy_tables, finish_upgrade],
    "served": [serve_previous_version],
    "rolled back": [roll_back],
}


def without_names(message: str) -> str:
    """Return a message without the quoted names in it."""
    return re.sub(r'"[^"]*"', '""', message)


def table() -> list[tuple[str, str, set[str]]]:
    """Return the guides, the states and the messages of each row of the page's table."""
    rows = PAGE.read_text().partition("## SQL that Postgres refuses")[2].split("\n| ")[2:]
    cells = [row.split(" | ") for row in rows]
    return [
        (block, states, {without_names(message) for message in re.findall(r"`([^`]+)`", messages)})
        for block, states, messages, *_ in cells
    ]


def run_in_psql(url: str, blocks: list[str]) -> list[tuple[str, str]]:
    """Run each block twice and undo it; return psql's messages, each with its kind."""
    script = "".join(f"BEGIN;\n{block}\n;\n{block}\n;\nROLLBACK;\n" for block in blocks)
    process = subprocess.run(
        [program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_ROLLBACK=on"],
        env=address_in_environment(url),
        input=script,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = re.findall(r"^(ERROR|DETAIL|HINT): +(.+)$", process.stderr, re.MULTILINE)
    return [(kind, without_names(message)) for kind, message in lines]


@pytest.fixture(scope="module")
def refusals(postgres_server: PostgresServer) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Output of psql for the blocks of each guide in each state."""
    outputs: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for state, preparations in STATES.items():
        for number, prepare in enumerate(preparations):
            name = f"refusals_{state.replace(' ', '_')}_{number}"
            url = postgres_server.create_database(name)
            prepare(url)
            for guide in GUIDES:
                messages = run_in_psql(url, sql_blocks(guide))
                outputs.setdefault((guide, state), []).extend(messages)
            postgres_server.drop_database(name)
    return outputs


def applies(states: str, state: str) -> bool:
    """Return whether a cell of the table names a state."""
    return state in states or "every state" in states or "anywhere" in states


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("guide", GUIDES)
def test_every_refusal_is_in_the_table(
    guide: str, state: str, refusals: dict[tuple[str, str], list[tuple[str, str]]]
) -> None:
    listed_messages = {
        message
        for guides, states, messages in table()
        if guide in guides and applies(states, state)
        for message in messages
    }
    errors = {message for kind, message in refusals[guide, state] if kind == "ERROR"}
    assert errors - listed_messages == set()


def test_every_message_in_the_table_is_printed_by_postgres(
    refusals: dict[tuple[str, str], list[tuple[str, str]]],
) -> None:
    rows = table()
    assert len(rows) > 10
    for guides, states, messages in rows:
        printed_messages = {
            message
            for (guide, state), output in refusals.items()
            if guide in guides and applies(states, state)
            for _, message in output
        }
        assert messages - printed_messages == set(), f"{guides} in {states}"
