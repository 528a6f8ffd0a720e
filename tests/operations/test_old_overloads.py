"""Bringing the schema up to date removes functions with an older signature."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.conftest import ADMIN_PASSWORD
from tests.legacy.legacy_database import Legacy

Rows = Callable[..., list[tuple[Any, ...]]]
OVERLOADS = "SELECT count(*) FROM pg_proc WHERE proname = %s AND pronamespace = %s::regnamespace"


def overloads(rows: Rows, schema: str, name: str) -> int:
    return int(rows(OVERLOADS, name, schema)[0][0])


def renew(client: TestClient) -> None:
    body = {"adminPassword": ADMIN_PASSWORD}
    response = client.post("/api/admin-create-unified-schema", json=body)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("schema", "function"), [("public", "record_step_progress"), ("assessment", "record_answer")]
)
def test_old_overload_is_removed(
    client: TestClient, rows: Rows, schema: str, function: str
) -> None:
    before = overloads(rows, schema, function)
    assert before > 0
    rows(f"CREATE FUNCTION {schema}.{function}(p_x TEXT) RETURNS INT RETURN 1")
    renew(client)
    assert overloads(rows, schema, function) == before
    assert rows("SELECT to_regprocedure(%s)", f"{schema}.{function}(text)") == [(None,)]


def test_old_overload_of_the_migration_is_removed(legacy: Legacy, rows: Rows) -> None:
    legacy.run()
    before = overloads(rows, "legacy", "set_aside")
    rows("CREATE FUNCTION legacy.set_aside(INT) RETURNS INT LANGUAGE sql AS 'SELECT 1'")
    legacy.run()
    assert overloads(rows, "legacy", "set_aside") == before > 0


@pytest.mark.parametrize(
    "function",
    [
        "believing(TEXT, TEXT)",
        "reading(REGCLASS, TEXT, TEXT)",
        "not_reading(REGCLASS, TEXT, TEXT)",
        "open_mended(TEXT, TEXT)",
        "secret_look()",
        "shown_key(TEXT)",
        "keep_originals(JSONB[], JSONB, JSONB[])",
        "make_room(TEXT, JSONB)",
        "take_lines(TEXT, TEXT[])",
    ],
)
def test_function_of_the_migration_under_an_earlier_name_is_removed(
    legacy: Legacy, rows: Rows, function: str
) -> None:
    rows("CREATE SCHEMA legacy")
    rows(f"CREATE FUNCTION legacy.{function} RETURNS INT LANGUAGE sql AS 'SELECT 1'")
    legacy.run()
    assert rows("SELECT to_regprocedure(%s)", f"legacy.{function}") == [(None,)]


def test_functions_of_others_stay(client: TestClient, rows: Rows) -> None:
    rows("CREATE FUNCTION public.theirs(INT) RETURNS INT LANGUAGE sql AS 'SELECT 1'")
    rows("CREATE FUNCTION public.theirs(TEXT) RETURNS INT LANGUAGE sql AS 'SELECT 2'")
    rows("CREATE SCHEMA elsewhere")
    rows(
        "CREATE FUNCTION elsewhere.record_step_progress(TEXT) RETURNS INT LANGUAGE sql"
        " AS 'SELECT 3'"
    )
    rows("CREATE TABLE public.aside (a INT)")
    rows(
        "CREATE FUNCTION public.record_step_progress(public.aside) RETURNS INT LANGUAGE sql"
        " AS 'SELECT 4'"
    )
    renew(client)
    assert overloads(rows, "public", "theirs") == 2
    assert overloads(rows, "elsewhere", "record_step_progress") == 1
    assert rows("SELECT record_step_progress(NULL::public.aside)") == [(4,)]


@pytest.mark.parametrize("parameters", ["TEXT", "report TEXT", "p_token TEXT, report TEXT"])
def test_overload_of_another_application_stays(
    client: TestClient, rows: Rows, parameters: str
) -> None:
    """The names of all parameters of our functions begin with `p_`."""
    rows(
        f"CREATE FUNCTION public.record_step_progress({parameters}) RETURNS INT LANGUAGE sql"
        " AS 'SELECT 5'"
    )
    before = overloads(rows, "public", "record_step_progress")
    renew(client)
    assert overloads(rows, "public", "record_step_progress") == before


def test_overload_in_use_stays_and_does_not_fail_the_call(client: TestClient, rows: Rows) -> None:
    rows(
        "CREATE FUNCTION public.record_step_progress(p_x TEXT) RETURNS INT LANGUAGE sql"
        " AS 'SELECT 1'"
    )
    rows("CREATE VIEW public.uses_it AS SELECT public.record_step_progress('x') AS one")
    renew(client)
    assert rows("SELECT one FROM public.uses_it") == [(1,)]
