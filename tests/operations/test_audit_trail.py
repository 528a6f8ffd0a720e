"""Operators read the audit trail, and see whether entries were changed or cut off."""

import json
import re
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.conftest import CRON_SECRET

AUDIT = "/api/admin-audit"


@pytest.fixture
def read(client: TestClient, operator: dict[str, str]) -> Any:
    """Read the audit trail as an operator: `read(action="/api/nightly")`."""

    def page(**query: Any) -> Any:
        return client.get(AUDIT, params=query, headers=operator)

    return page


def change(postgres_url: str, statement: str, *params: Any) -> None:
    """Change the trail as the owner of the database can: without its triggers."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement.encode(), params or None)


def test_pages_list_every_entry_once(read: Any) -> None:
    for _ in range(6):
        read()
    ids: list[int] = []
    # `until` excludes the entry of this call, and those of the calls below that read the pages.
    query: dict[str, Any] = {"limit": 2, "until": read().json()["entries"][0]["happenedAt"]}
    while True:
        page = read(**query).json()
        ids += [entry["id"] for entry in page["entries"]]
        assert len(page["entries"]) <= 2
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert ids == list(range(6, 0, -1))


def test_entries_are_filtered_by_action_outcome_and_time(
    read: Any, client: TestClient, operator: dict[str, str]
) -> None:
    client.post("/api/admin-rotate-keys", headers=operator)
    client.get(AUDIT, headers={"Authorization": "Bearer wrong-password-1"})
    done_entries = read(action="/api/admin-rotate-keys", outcome="done").json()["entries"]
    assert [(entry["action"], entry["outcome"]) for entry in done_entries] == [
        ("/api/admin-rotate-keys", "done")
    ]
    assert done_entries[0]["facts"] == {"rotated": 0, "remaining": 0}
    refused_entries = read(outcome="refused").json()["entries"]
    assert [entry["action"] for entry in refused_entries] == [AUDIT]
    since, until = refused_entries[0]["happenedAt"], read().json()["entries"][0]["happenedAt"]
    entries_between = read(since=since, until=until).json()["entries"]
    assert entries_between[-1]["id"] == refused_entries[0]["id"]
    assert until not in {entry["happenedAt"] for entry in entries_between}


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 2001}, {"outcome": "maybe"}, {"since": "soon"}, {"seal": "1.x"}],
)
def test_wrong_parameters_are_refused(read: Any, query: dict[str, Any]) -> None:
    assert read(**query).status_code == 422


@pytest.mark.parametrize("cursor", ["nonsense", "WyJhIl0", "W3RydWVd", "WzFlOTld", "Wy0xXQ"])
def test_a_cursor_that_no_page_returned_is_refused(read: Any, cursor: str) -> None:
    assert read(cursor=cursor).json()["code"] == "invalid_cursor"


def test_audit_trail_is_for_operators_only(client: TestClient) -> None:
    assert client.get(AUDIT).status_code == 401


def test_a_changed_entry_is_named(read: Any, postgres_url: str) -> None:
    assert read().json()["firstBrokenEntry"] is None
    read()
    change(postgres_url, "UPDATE public.operator_audit SET action = '/x' WHERE id = 2")
    assert read().json()["firstBrokenEntry"] == 2


def test_the_seal_of_a_trail_that_was_cut_off_does_not_hold(read: Any, postgres_url: str) -> None:
    read()
    seal = read().json()["newestSeal"]
    assert read(seal=seal).json()["sealHolds"] is True
    change(postgres_url, "DELETE FROM public.operator_audit WHERE id >= 2")
    page = read(seal=seal).json()
    assert page["firstBrokenEntry"] is None, "the chain alone does not show it"
    assert page["entries"][0]["id"] == 2, "another entry has taken its place"
    assert page["sealHolds"] is False


def test_the_nightly_clean_up_logs_the_newest_seal(
    client: TestClient, read: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    newest_seal = read().json()["newestSeal"]
    capsys.readouterr()
    client.get("/api/cleanup-sessions", headers={"Authorization": f"Bearer {CRON_SECRET}"})
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    seal_lines = [line for line in lines if line["event"] == "operator_audit_seal"]
    assert [(line["seal"], line["intact"]) for line in seal_lines] == [(newest_seal, True)]
    assert re.fullmatch(r"1\.[\w-]{43}", newest_seal)


def test_pages_are_bounded_in_bytes(read: Any, postgres_url: str) -> None:
    read()
    facts = json.dumps({"tables": ["t" * 90_000]})
    for _ in range(60):
        change(
            postgres_url,
            "INSERT INTO public.operator_audit (id, action, outcome, facts, entry_sha256) "
            "SELECT max(id) + 1, '/big', 'done', %s::jsonb, '' FROM public.operator_audit",
            facts,
        )
    change(
        postgres_url,
        "UPDATE public.operator_audit SET facts = jsonb_build_object('t', repeat('x', 6000000)) "
        "WHERE id = 5",
    )
    first_page = read(limit=100)
    assert len(first_page.content) < 4_200_000
    second_page = read(limit=100, cursor=first_page.json()["nextCursor"])
    assert len(second_page.content) < 4_200_000
    assert second_page.json()["firstBrokenEntry"] is None, "only the first page verifies the trail"
    numbers = [
        entry["id"] for page in (first_page, second_page) for entry in page.json()["entries"]
    ]
    assert numbers == list(range(62, 0, -1))
    assert second_page.json()["entries"][-5]["facts"].keys() == {"omittedBytes"}
