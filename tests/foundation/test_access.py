"""Access for operators and schedules: passwords, attempt limits, and unlisted routes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.access.endpoint import Access, Endpoint
from lib.access.guard import ADDRESS_LIMIT, GLOBAL_LIMIT
from lib.deps import Deps, install_deps
from lib.settings import Platform, Settings
from lib.web.app import create_app
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET

_deps: list[Deps] = []
ROWS = (
    Endpoint("/api/admin-scratch", "scratch", ("POST",), Access.OPERATOR),
    Endpoint("/api/cron-scratch", "scratch", ("GET",), Access.CRON),
)


def scratch(settings: Settings, access: Access = Access.OPERATOR, **client: Any) -> TestClient:
    """Make a client of a function with a route for operators and one for schedules."""
    if not _deps or _deps[-1].settings != settings:  # `Deps` hold a connection until the test ends
        _deps.append(Deps(settings))
    install_deps(_deps[-1])
    app = create_app("scratch", rows=(replace(ROWS[0], access=access), ROWS[1]))

    @app.post("/api/admin-scratch")
    def admin() -> dict[str, bool]:
        return {"success": True}

    @app.get("/api/cron-scratch")
    def cron() -> dict[str, bool]:
        return {"success": True}

    return TestClient(app, raise_server_exceptions=False, **client)


@pytest.fixture(autouse=True)
def _close_deps() -> Iterator[None]:
    yield
    install_deps(None)
    while _deps:
        _deps.pop().close()


def post(client: TestClient, password: Any, **more: Any) -> Any:
    return client.post("/api/admin-scratch", json={"adminPassword": password}, **more)


def test_password_is_accepted_in_the_body_and_as_a_bearer_token(settings: Settings) -> None:
    client = scratch(settings)
    assert post(client, ADMIN_PASSWORD).status_code == 200
    bearer = {"Authorization": f"bearer {ADMIN_PASSWORD}"}
    assert client.post("/api/admin-scratch", headers=bearer).status_code == 200


@pytest.mark.parametrize(
    "password",
    [
        "pä",
        "🔑",
        "",
        "x" * 60_000,
        [],
        ["a"],
        {"a": 1},
        None,
        7,
        True,
        "\x7f",
        ADMIN_PASSWORD + "x",
    ],
)
def test_any_other_password_gives_401(settings: Settings, password: Any) -> None:
    response = post(scratch(settings), password)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_missing_body_and_body_that_is_not_an_object_give_401(settings: Settings) -> None:
    client = scratch(settings)
    assert client.post("/api/admin-scratch").status_code == 401
    assert client.post("/api/admin-scratch", json=[ADMIN_PASSWORD]).status_code == 401


@pytest.mark.parametrize(
    "raw", [b'{"adminPassword": "wrong", ', b"[" * 60_000, b'{"a": 1, "a": 2}', b"\xff", b"NaN"]
)
def test_body_is_not_parsed_before_credentials_are_checked(settings: Settings, raw: bytes) -> None:
    json = {"Content-Type": "application/json"}
    client = scratch(settings)
    assert client.post("/api/admin-scratch", content=raw, headers=json).status_code == 401
    bearer = {**json, "Authorization": f"Bearer {ADMIN_PASSWORD}"}
    response = client.post("/api/admin-scratch", content=raw, headers=bearer)
    assert response.status_code in {400, 422}


@pytest.mark.parametrize(
    "member",
    [
        '"adminPassword":"a password for the tests"',
        '"adminPassword" \n : "a password for the tests"',
        '"adminPassword": "\\u0061 password for the tests"',
        '"note": "adminPassword", "adminPassword": "a password for the tests"',
    ],
)
def test_password_is_read_in_every_json_spelling(settings: Settings, member: str) -> None:
    client = scratch(settings)
    json = {"Content-Type": "application/json"}
    response = client.post("/api/admin-scratch", content=f"{{{member}}}", headers=json)
    assert response.status_code == 200


def test_after_five_wrong_passwords_the_right_one_is_refused_too(settings: Settings) -> None:
    client = scratch(settings)
    assert [post(client, "wrong").status_code for _ in range(ADDRESS_LIMIT)] == [401] * 5
    locked = post(client, "wrong")
    assert locked.status_code == 429
    assert 0 < int(locked.headers["Retry-After"]) <= 900
    assert post(client, ADMIN_PASSWORD).status_code == 429
    other_address = scratch(settings, client=("198.51.100.7", 1))
    assert post(other_address, ADMIN_PASSWORD).status_code == 200


def audit_count(settings: Settings, outcome: str) -> int:
    with psycopg.connect(str(settings.postgres_url)) as connection:
        ((count,),) = connection.execute(
            "SELECT count(*) FROM operator_audit WHERE outcome = %s", (outcome,)
        )
    return int(count)


def age(settings: Settings, minutes: int) -> None:
    with psycopg.connect(str(settings.postgres_url)) as connection:
        connection.execute(
            "UPDATE operator_failures SET failed_at = failed_at - make_interval(mins => %s)",
            (minutes,),
        )


def test_attempts_while_locked_add_one_row_to_the_audit(settings: Settings) -> None:
    client = scratch(settings)
    for _ in range(ADDRESS_LIMIT):
        post(client, "wrong")
    for password in ("wrong", ADMIN_PASSWORD, "wrong", "wrong"):
        assert post(client, password).status_code == 429
    assert (audit_count(settings, "refused"), audit_count(settings, "locked")) == (ADDRESS_LIMIT, 1)


def test_each_lock_adds_a_row_to_the_audit(settings: Settings) -> None:
    client = scratch(settings)
    for lock in (1, 2):
        for _ in range(ADDRESS_LIMIT):
            assert post(client, "wrong").status_code == 401
        assert [post(client, "wrong").status_code for _ in range(3)] == [429] * 3
        assert audit_count(settings, "locked") == lock
        age(settings, minutes=16)


def test_attempts_from_many_addresses_add_a_limited_number_of_rows(settings: Settings) -> None:
    for n in range(GLOBAL_LIMIT):
        post(scratch(settings, client=(f"198.51.100.{n}", 1)), "wrong")
    for n in range(GLOBAL_LIMIT + 10):
        assert post(scratch(settings, client=(f"203.0.113.{n}", 1)), "wrong").status_code == 429
    assert (audit_count(settings, "refused"), audit_count(settings, "locked")) == (
        GLOBAL_LIMIT,
    ) * 2


def test_concurrent_guesses_get_no_more_attempts_than_sequential_ones(settings: Settings) -> None:
    client = scratch(settings)
    with ThreadPoolExecutor(20) as threads:
        statuses = list(threads.map(lambda _: post(client, "wrong").status_code, range(20)))
    assert sorted(statuses) == [401] * ADDRESS_LIMIT + [429] * (20 - ADDRESS_LIMIT)


def test_guesses_from_many_addresses_reach_the_global_limit(settings: Settings) -> None:
    statuses = [
        post(scratch(settings, client=(f"198.51.100.{n}", 1)), "wrong").status_code
        for n in range(GLOBAL_LIMIT + 1)
    ]
    assert statuses == [401] * GLOBAL_LIMIT + [429]
    assert post(scratch(settings, client=("203.0.113.1", 1)), ADMIN_PASSWORD).status_code == 429


def test_addresses_of_one_ipv6_network_count_as_one(settings: Settings) -> None:
    for n in range(ADDRESS_LIMIT):
        post(scratch(settings, client=(f"2001:db8::{n + 1}", 1)), "wrong")
    assert post(scratch(settings, client=("2001:db8::ffff", 1)), "wrong").status_code == 429
    assert post(scratch(settings, client=("2001:db8:1::1", 1)), "wrong").status_code == 401


def test_ipv4_addresses_written_as_ipv6_count_as_ipv4_addresses(settings: Settings) -> None:
    client = scratch(settings, client=("::ffff:198.51.100.1", 1))
    for _ in range(ADDRESS_LIMIT):
        post(client, "wrong")
    assert post(client, "wrong").status_code == 429
    assert post(scratch(settings, client=("198.51.100.1", 1)), "wrong").status_code == 429
    other = scratch(settings, client=("::ffff:198.51.100.2", 1))
    assert post(other, "wrong").status_code == 401


def test_forged_forwarding_header_does_not_reset_the_limit(settings: Settings) -> None:
    client = scratch(settings)
    statuses = []
    for n in range(ADDRESS_LIMIT + 1):
        forged = {"X-Forwarded-For": f"198.51.100.{n}", "X-Real-IP": f"198.51.100.{n}"}
        statuses.append(post(client, "wrong", headers=forged).status_code)
    assert statuses[-1] == 429


def test_on_vercel_the_address_is_in_the_platform_s_header(settings: Settings) -> None:
    client = scratch(replace(settings, platform=Platform.VERCEL))
    for _ in range(ADDRESS_LIMIT):
        post(client, "wrong", headers={"X-Real-IP": "198.51.100.1"})
    assert post(client, "wrong", headers={"X-Real-IP": "198.51.100.1"}).status_code == 429
    assert post(client, "wrong", headers={"X-Real-IP": "198.51.100.2"}).status_code == 401


def test_the_lock_expires(settings: Settings, postgres_url: str) -> None:
    client = scratch(settings)
    for _ in range(ADDRESS_LIMIT):
        post(client, "wrong")
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "UPDATE public.operator_failures SET failed_at = failed_at - interval '16 minutes'"
        )
    assert post(client, ADMIN_PASSWORD).status_code == 200


@pytest.mark.parametrize("password", [None, "short", "YOUR_ADMIN_PASSWORD"])
@pytest.mark.parametrize("platform", [Platform.VERCEL, Platform.LAMBDA])
def test_deployment_without_a_valid_password_gives_503(
    settings: Settings, platform: Platform, password: str | None
) -> None:
    without_valid_password = replace(settings, platform=platform, admin_password=password)
    response = post(scratch(without_valid_password), password or "")
    assert response.status_code == 503
    assert "ADMIN_PASSWORD" in response.json()["error"]


def test_without_postgres_operators_get_503(settings: Settings) -> None:
    without_postgres = replace(settings, postgres_url="postgresql://127.0.0.1:1/none")
    assert post(scratch(without_postgres), ADMIN_PASSWORD).status_code == 503


def test_operators_do_not_need_redis(settings: Settings) -> None:
    assert post(scratch(replace(settings, redis_url=None)), ADMIN_PASSWORD).status_code == 200


def test_the_first_operator_of_an_empty_database_gets_in(
    settings: Settings, empty_postgres_url: str
) -> None:
    client = scratch(replace(settings, postgres_url=empty_postgres_url))
    assert post(client, "wrong").status_code == 401
    assert post(client, ADMIN_PASSWORD).status_code == 200


def test_cron_requires_its_secret(settings: Settings) -> None:
    client = scratch(settings)

    def status(value: str | None) -> int:
        headers = {} if value is None else {"Authorization": value}
        headers["User-Agent"] = "vercel-cron/1.0"
        return client.get("/api/cron-scratch", headers=headers).status_code

    assert status(f"Bearer {CRON_SECRET}") == 200
    for wrong in (None, "", "Bearer", "Bearer wrong", f"Basic {CRON_SECRET}", ADMIN_PASSWORD):
        assert status(wrong) == 401


@pytest.mark.parametrize("secret", [None, "fifteen letters"])
def test_cron_without_a_valid_secret_gives_503(settings: Settings, secret: str | None) -> None:
    client = scratch(replace(settings, cron_secret=secret))
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/cron-scratch", headers=headers).status_code == 503


def test_function_that_the_table_does_not_list_fails_at_import() -> None:
    with pytest.raises(LookupError, match="admin_bakcup"):
        create_app("operations.admin_bakcup")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/unlisted"), ("GET", "/api/admin-scratch"), ("POST", "/api/health")],
)
def test_route_not_listed_for_its_function_fails_at_import(method: str, path: str) -> None:
    app = create_app("scratch", rows=ROWS)
    with pytest.raises(LookupError, match=f"{method} {path}"):
        app.add_api_route(path, lambda: None, methods=[method])


def test_local_server_accepts_the_guides_calls_from_loopback_only(settings: Settings) -> None:
    trusting = replace(settings, trust_loopback=True)
    loopback: dict[str, Any] = {"client": ("127.0.0.1", 1), "base_url": "http://127.0.0.1:5300"}
    client = scratch(trusting, **loopback)
    assert client.post("/api/admin-scratch").status_code == 200
    assert post(client, "YOUR_ADMIN_PASSWORD").status_code == 200
    assert client.get("/api/cron-scratch").status_code == 200
    assert post(client, "wrong").status_code == 401
    other_host = scratch(trusting, client=("127.0.0.1", 1), base_url="http://evil.example:5300")
    assert other_host.post("/api/admin-scratch").status_code == 401
    other_machine = scratch(trusting, client=("198.51.100.1", 1), base_url="http://127.0.0.1:5300")
    assert other_machine.post("/api/admin-scratch").status_code == 401
    cross_site = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/api/admin-scratch", headers=cross_site).status_code == 401


def audit_rows(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT action, outcome FROM public.operator_audit ORDER BY id"
        ).fetchall()


def test_every_attempt_is_in_the_audit(settings: Settings, postgres_url: str) -> None:
    client = scratch(settings)
    post(client, "wrong")
    post(client, ADMIN_PASSWORD)
    action = "/api/admin-scratch"
    assert audit_rows(postgres_url) == [(action, "refused"), (action, "allowed")]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE public.operator_audit SET action = 'x'",
        "DELETE FROM public.operator_audit",
        "TRUNCATE public.operator_audit",
    ],
)
def test_the_audit_cannot_be_changed(settings: Settings, postgres_url: str, change: str) -> None:
    post(scratch(settings), ADMIN_PASSWORD)
    with (
        psycopg.connect(postgres_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(change.encode())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE public.operator_audit SET outcome = 'done' WHERE id = 2",
        "DELETE FROM public.operator_audit WHERE id = 2",
    ],
)
def test_changing_the_audit_without_triggers_breaks_its_chain(
    settings: Settings, postgres_url: str, change: str
) -> None:
    client = scratch(settings)
    for _ in range(3):
        post(client, ADMIN_PASSWORD)
    with psycopg.connect(postgres_url) as connection:
        verify = "SELECT public.verify_operator_audit()"
        assert connection.execute(verify).fetchone() == (None,)
        connection.execute("SET session_replication_role = replica")  # triggers do not fire
        connection.execute(change.encode())
        broken_row = connection.execute(verify).fetchone()
    assert broken_row is not None
    assert broken_row[0] in {2, 3}
