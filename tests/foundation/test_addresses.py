"""Addresses of databases in the forms that consoles and integrations show."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.database.address import LIBPQ_OPTIONS, OTHER_DRIVERS_OPTIONS, read_address
from lib.database.postgres import Postgres
from lib.database.queries import Query
from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from local.psql import main as psql
from local.servers.child import ServerError
from local.services import running_services
from tests.support.scripts import run, run_unchecked

SECRET = "correct-horse"
WHOLE = {"user": "u", "password": "p", "host": "h", "dbname": "d"}
WITH_PORT = {**WHOLE, "port": "6543"}
REQUIRED = {"sslmode": "require"}
USABLE: list[tuple[str, dict[str, str]]] = [
    ("postgres://u:p@h:6543/d?sslmode=require&supa=base-pooler.x", {**WITH_PORT, **REQUIRED}),
    ("postgres://u:p@h:6543/d?pgbouncer=true&connection_limit=1", WITH_PORT),
    ("postgresql://u:p@h/d?schema=public", WHOLE),
    ("postgres://u:p@h/d?sslmode=require&workaround=supabase-pooler.vercel", {**WHOLE, **REQUIRED}),
    *((f"{scheme}://u:p@h/d", WHOLE) for scheme in ("postgres", "POSTGRESQL", "jdbc:postgresql")),
    *(
        (f"postgresql+{driver}://u:p@h/d", WHOLE)
        for driver in ("psycopg", "psycopg2", "asyncpg", "pg8000")
    ),
    ("jdbc:postgresql://h/d?user=u&password=p", WHOLE),
    ("psql 'postgresql://u:p@h/d'", WHOLE),
    ('psql -d "postgresql://u:p@h/d"', WHOLE),
    ("psql postgresql://u:p@h/d;", WHOLE),
    ("export DATABASE_URL='postgresql://u:p@h/d'", WHOLE),
    ('POSTGRES_URL="postgresql://u:p@h/d"', WHOLE),
    ("DATABASE_URL='postgresql://u:p@h/d';", WHOLE),
    ("postgresql://u:p@h/d/", WHOLE),
    ("postgresql://u:p@h:65535/d", {**WHOLE, "port": "65535"}),
    ("postgresql://u:p@h/d?connect_timeout=15", {**WHOLE, "connect_timeout": "15"}),
    ("postgresql://u:p@h\n/d", WHOLE),
    ("host=h user=u password=p dbname=d", WHOLE),
    ("host = h user='u' password=p  dbname=d supa=1", WHOLE),
    (r"host=h user=u dbname=d password='a\'b \\c'", {**WHOLE, "password": "a'b \\c"}),
    (
        "postgresql://u:p@h/d?sslmode=require&channel_binding=require",
        {**WHOLE, **REQUIRED, "channel_binding": "require"},
    ),
    ("postgresql://u:p@h/d?options=endpoint%3Dep-x", {**WHOLE, "options": "endpoint=ep-x"}),
    (
        "postgresql://u:p@h1:1,h2:2/d?target_session_attrs=read-write",
        {**WHOLE, "host": "h1,h2", "port": "1,2", "target_session_attrs": "read-write"},
    ),
    ("postgresql://u:p@[::1]:6543/d", {**WITH_PORT, "host": "::1"}),
    ("postgresql://u:p@h/d?ssl=true", {**WHOLE, **REQUIRED}),
    ("postgresql://u:p@h/d?ssl=verify-full", {**WHOLE, "sslmode": "verify-full"}),
    ("postgresql://u:p@h/d?sslMode=Require", {**WHOLE, **REQUIRED}),
    ("postgresql://u:p@h/d?sslmode=no-verify", {**WHOLE, **REQUIRED}),
    ("postgresql://u:p@h/d?application_name=a@b", {**WHOLE, "application_name": "a@b"}),
    ("postgresql://h?dbname=a@b", {"host": "h", "dbname": "a@b"}),
    ("postgresql:///d?host=/run/postgres", {"host": "/run/postgres", "dbname": "d"}),
    ("postgresql://u@%2Frun%2Fpostgres/d", {"user": "u", "host": "/run/postgres", "dbname": "d"}),
]
"""Addresses, and the parameters that libpq must read from them."""


@pytest.mark.parametrize(("text", "parameters"), USABLE, ids=[text for text, _ in USABLE])
def test_an_address_is_read_as_it_was_meant(text: str, parameters: dict[str, str]) -> None:
    address = read_address(text, "POSTGRES_URL")
    assert (address.problem, address.unknown) == (None, ())
    assert address.url is not None
    assert psycopg.conninfo.conninfo_to_dict(address.url) == parameters


@pytest.mark.parametrize(
    "password",
    [
        *("a#b", "a@b", "a?b", "a/b", "a:b", "a%b", "100%", "%41%", "a b", "a&b=c", "[ab]", "é"),
        *("a/b@c", "x?y=1@z", "p@s/w@r#d?x", "<a>b", "a$HOME", "a'b\"c", "a\\b"),
    ],
)
def test_special_characters_in_a_password_need_no_encoding(password: str) -> None:
    for text in (
        f"postgresql://u:{password}@h:6543/d",
        f"postgres://u:{password}@h:6543/d?supa=x",
    ):
        address = read_address(text, "POSTGRES_URL")
        assert address.url is not None, address.problem
        expected = {**WITH_PORT, "password": password.replace("%41", "A")}
        assert psycopg.conninfo.conninfo_to_dict(address.url) == expected


UNUSABLE = [
    (f"https://{SECRET}.supabase.co", "transaction pooler, port 6543"),
    (f"mysql://u:{SECRET}@h/d", "begins with mysql://, but should begin with postgresql://"),
    (f"prisma+postgres://h/?api_key={SECRET}", "Prisma's own service"),
    ("postgresql://postgres:[YOUR-PASSWORD]@db.x.supabase.co:5432/postgres", "its password is"),
    ("postgresql://u:[your-database-password]@h/d", "its password is still a placeholder"),
    ("postgresql://u:<password>@h/d", "its password is still a placeholder"),
    ("postgresql://u:********@h/d", "its password is still a placeholder"),
    ("postgresql://u:${PASSWORD}@h/d", "its password is still a placeholder"),
    (f"postgresql://<user>:{SECRET}@h/d", "its user is still a placeholder"),
    (f"postgresql://u:{SECRET}@db.[YOUR-PROJECT-REF].supabase.co/d", "not a valid address"),
    (f"postgresql://u:{SECRET}@<host>/d", "its host is still a placeholder"),
    ("host=h password=[YOUR-PASSWORD]", "its password is still a placeholder"),
    (f"u:{SECRET}@h/d", "the form is postgresql://user:password@host:5432/database"),
    (f"Host=h;Username=u;Password={SECRET}", "the form is postgresql://"),
    (f"psql -h h -U u -W {SECRET}", "the form is postgresql://"),
    (f"postgresql://u:{SECRET}@h:port/d", "write @ as %40"),
    (f"postgresql://u:{SECRET}@h/d?sslmode={SECRET}", "its sslmode is none of disable, allow"),
    (f"postgresql://u:{SECRET}@h/d?channel_binding=yes", "none of disable, prefer, require"),
    (f"postgresql://u:{SECRET}@h/d?gssencmode=", "its gssencmode is none of disable"),
    (f"host=h load_balance_hosts={SECRET}", "its load_balance_hosts is none of disable, random"),
    (f"postgresql://h/d?target_session_attrs={SECRET}", "its target_session_attrs is none of any"),
    *(
        (f"postgresql://h/d?{option}={SECRET}", f"its {option} is not a whole number")
        for option in ("connect_timeout", "tcp_user_timeout", "keepalives", "keepalives_count")
    ),
    ("host=h keepalives_idle=1.5", "its keepalives_idle is not a whole number"),
    ("host=h keepalives_interval=''", "its keepalives_interval is not a whole number"),
    (f"postgresql://u:{SECRET}@h:65536/d", "its port is not a number from 1 to 65535"),
    (f"postgresql://u:{SECRET}@h:1,g:0/d", "its port is not a number from 1 to 65535"),
    (f"host=h,g port=1,{SECRET}", "its port is not a number from 1 to 65535"),
]


@pytest.mark.parametrize(("text", "words"), UNUSABLE, ids=[text for text, _ in UNUSABLE])
def test_unusable_address_is_reported_with_the_reason_and_without_its_text(
    text: str, words: str
) -> None:
    address = read_address(text, "DATABASE_URL")
    assert address.url is None
    assert str(address.problem).startswith("DATABASE_URL: ")
    assert words in str(address.problem)
    assert SECRET not in str(address)


def test_options_of_libpq_are_those_of_the_driver() -> None:
    keywords = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    assert keywords == LIBPQ_OPTIONS
    assert not keywords & OTHER_DRIVERS_OPTIONS


@pytest.mark.parametrize("option", sorted(OTHER_DRIVERS_OPTIONS))
def test_an_option_for_another_driver_is_left_out_and_named(option: str) -> None:
    address = read_address(f"postgresql://h/d?{option}=1&sslmode=require", "POSTGRES_URL")
    assert address.url == "postgresql://h/d?sslmode=require"
    assert f"POSTGRES_URL: the option {option} is for another driver" in address.ignored[0]


def test_an_unknown_option_is_left_out_and_named_without_its_value() -> None:
    for text in (f"postgresql://h/d?supa_typo={SECRET}", f"host=h supa_typo={SECRET}"):
        address = read_address(text, "POSTGRES_URL")
        assert address.unknown[0].startswith("POSTGRES_URL: unknown option supa_typo")
        assert SECRET not in str(address)


def test_the_systems_certificates_are_a_file_that_exists() -> None:
    """The driver's own OpenSSL looks for certificates in a folder of the machine that built it."""
    address = read_address("postgresql://h/d?sslrootcert=system", "POSTGRES_URL")
    options = psycopg.conninfo.conninfo_to_dict(str(address.url))
    assert "BEGIN CERTIFICATE" in Path(str(options["sslrootcert"])).read_text()
    assert options["sslmode"] == "verify-full"


PASTED_FORMS = [
    "{}&sslmode=require&supa=base-pooler.x",
    "{}&pgbouncer=true&connection_limit=1",
    "{}&schema=public",
    "{}&workaround=supabase-pooler.vercel",
    "{}&supa_typo=1",
    '"{}"',
    " {} \n",
    "psql '{}'",
]
"""Changes that people make to an address before it is read."""


@pytest.fixture(params=PASTED_FORMS)
def pasted_address(request: pytest.FixtureRequest, postgres_url: str) -> str:
    return str(request.param).format(postgres_url.replace("postgresql:", "postgresql+psycopg:"))


def test_functions_connect_to_addresses_as_they_are_pasted(pasted_address: str) -> None:
    settings = Settings.from_env({"POSTGRES_URL": pasted_address})
    assert settings.postgres_url is not None
    postgres = Postgres(settings.postgres_url)
    assert postgres.fetch_value(Query("one", b"SELECT 1")) == 1
    postgres.close()


@pytest.mark.parametrize(
    "form", ["{}&schema=public&connection_limit=1", "psql '{}&supa_typo=1' \n"]
)
def test_migrations_connect_to_addresses_as_they_are_pasted(form: str, postgres_url: str) -> None:
    url = form.format(postgres_url.replace("postgresql:", "postgresql+asyncpg:"))
    assert "to 001." in run("migrate.py", "stamp", url=url)


def test_migrations_name_the_fault_of_an_address() -> None:
    for script in ("migrate.py current", "-m alembic current"):
        process = run_unchecked(script, url="postgresql://u:[YOUR-PASSWORD]@h/d")
        assert process.returncode != 0
        assert "DATABASE_URL: its password is still a placeholder" in process.stderr
        assert "Traceback" not in process.stderr


def test_local_tools_name_the_fault_of_an_address_instead_of_using_another_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"DATABASE_URL": "postgresql://u:[YOUR-PASSWORD]@h/d"}
    with (
        pytest.raises(ServerError, match="DATABASE_URL: its password is still a placeholder"),
        running_services(tmp_path, environment),
    ):
        pass
    monkeypatch.setenv("DATABASE_URL", environment["DATABASE_URL"])
    assert psql([]) == 1
    assert "DATABASE_URL: its password is still a placeholder" in capsys.readouterr().err


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    deps = Deps(Settings.from_env(request.param))
    install_deps(deps)
    yield TestClient(function_app("index"), raise_server_exceptions=False)
    install_deps(None)
    deps.close()


@pytest.mark.parametrize(
    "client", [{"POSTGRES_URL": f"mysql://u:{SECRET}@h/d"}], ids=["mysql"], indirect=True
)
def test_call_names_the_fault_of_the_address(client: TestClient) -> None:
    response = client.get("/api/test/status/00000000-0000-4000-8000-000000000000")
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["code"]) == (503, "unusable_setting")
    assert "POSTGRES_URL: it begins with mysql://" in body["error"]
    assert SECRET not in response.text
