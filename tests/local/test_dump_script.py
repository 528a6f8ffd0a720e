"""`make restore` takes dumps in every format, made anywhere, and upgrades what it restored."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from local.backup import main, restore
from local.servers.child import ServerError
from local.servers.postgres_server import address_in_environment, program
from tests.local.processes import ROOT

HEADER = "--\n-- PostgreSQL database dump\n--\n\n"
OTHER_SERVERS_DUMP = (
    HEADER
    + r"""\restrict abc
SET statement_timeout = 0;
SET setting_of_the_next_version = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;
DROP POLICY everyone ON public.kept;
ALTER TABLE ONLY public.kept DROP CONSTRAINT kept_pkey;
DROP TABLE public.kept;
DROP SCHEMA public;

--
-- Name: public; Type: SCHEMA; Schema: -; Owner: pg_database_owner
--

CREATE SCHEMA public;


ALTER SCHEMA public OWNER TO pg_database_owner;

--
-- Name: pg_graphql_of_elsewhere; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_graphql_of_elsewhere WITH SCHEMA public;


--
-- Name: EXTENSION pg_graphql_of_elsewhere; Type: COMMENT; Schema: -; Owner:
--

COMMENT ON EXTENSION pg_graphql_of_elsewhere IS 'x';


--
-- Name: kept; Type: TABLE; Schema: public; Owner: neon_owner
--

CREATE TABLE public.kept (
    n integer NOT NULL,
    word text
);


ALTER TABLE public.kept OWNER TO neon_owner;

--
-- Data for Name: kept; Type: TABLE DATA; Schema: public; Owner: neon_owner
--

COPY public.kept (n, word) FROM stdin;
1	ALTER TABLE public.kept OWNER TO me;
2	GRANT ALL ON TABLE public.kept TO anon;
3	-- Name: TABLE kept; Type: ACL; Schema: public; Owner: neon_owner
4	\\connect elsewhere
\.


--
-- Name: kept kept_pkey; Type: CONSTRAINT; Schema: public; Owner: neon_owner
--

ALTER TABLE ONLY public.kept
    ADD CONSTRAINT kept_pkey PRIMARY KEY (n);


--
-- Name: kept members; Type: POLICY; Schema: public; Owner: neon_owner
--

CREATE POLICY members ON public.kept FOR SELECT TO authenticated_elsewhere USING (((n > 0)
  AND (word <> ''::text)));


--
-- Name: kept everyone; Type: POLICY; Schema: public; Owner: neon_owner
--

CREATE POLICY everyone ON public.kept FOR SELECT USING (true);


--
-- Name: TABLE kept; Type: ACL; Schema: public; Owner: neon_owner
--

GRANT ALL ON TABLE public.kept TO anon_elsewhere;
GRANT ALL ON TABLE public.kept TO neon_owner;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: public; Owner: neon_owner
--

ALTER DEFAULT PRIVILEGES FOR ROLE neon_owner IN SCHEMA public GRANT ALL ON TABLES TO anon_elsewhere;


--
-- PostgreSQL database dump complete
--

\unrestrict abc
"""
)
LEGACY = """
CREATE TABLE public.workshop_students (session_token TEXT, student_email TEXT);
INSERT INTO public.workshop_students VALUES ('ws_1_old', 'a@example.com');
"""


def fetch_value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def pg_dump(url: str, file: Path, *options: str) -> Path:
    environment = {**os.environ, **address_in_environment(url)}
    command = [str(program("pg_dump")), f"--file={file}", *options]
    subprocess.run(command, env=environment, check=True)
    return file


@pytest.mark.parametrize(
    "options",
    [(), ("--clean",), ("--create",), ("--clean", "--create"), ("--format=tar",),
     ("--format=directory",), ("--inserts", "--use-set-session-authorization")],
)  # fmt: skip
def test_every_form_of_dump_is_restored(
    postgres_url: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("INSERT INTO public.students (student_email) VALUES ('ä@example.com')")
    file = pg_dump(postgres_url, tmp_path / "dump", *options)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DELETE FROM public.students")
        connection.execute("CREATE TABLE assessment.later (n INT)")
    assert restore(postgres_url, file) == []
    assert fetch_value(postgres_url, "SELECT student_email FROM students") == "ä@example.com"
    assert fetch_value(postgres_url, "SELECT to_regclass('assessment.later')") is None
    assert fetch_value(postgres_url, "SELECT count(*) FROM questions") == 0, (
        "the search_path is restored, so the name needs no schema"
    )


def test_a_compressed_dump_is_restored(postgres_url: str, tmp_path: Path) -> None:
    file = tmp_path / "dump.sql.gz"
    text = pg_dump(postgres_url, tmp_path / "dump.sql").read_bytes()
    file.write_bytes(gzip.compress(text))
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DROP TABLE public.removals")
    restore(postgres_url, file)
    assert fetch_value(postgres_url, "SELECT count(*) FROM public.removals") == 0
    file.write_bytes(gzip.compress(text)[:-100])
    with pytest.raises(ServerError, match="is damaged"):
        restore(postgres_url, file)
    assert fetch_value(postgres_url, "SELECT count(*) FROM public.removals") == 0


def test_what_belongs_to_another_server_is_left_out_and_rows_are_not(
    postgres_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "dump.sql"
    file.write_text(OTHER_SERVERS_DUMP)
    assert restore(postgres_url, file) == [
        "extension pg_graphql_of_elsewhere, which this server does not have",
        "row-level security policies of the role authenticated_elsewhere, which this server lacks",
    ]
    words_query = "SELECT array_agg(word ORDER BY n) FROM public.kept"
    assert fetch_value(postgres_url, words_query) == [
        "ALTER TABLE public.kept OWNER TO me;",
        "GRANT ALL ON TABLE public.kept TO anon;",
        "-- Name: TABLE kept; Type: ACL; Schema: public; Owner: neon_owner",
        "\\connect elsewhere",
    ]
    policies_query = "SELECT array_agg(polname::text) FROM pg_policy"
    assert fetch_value(postgres_url, policies_query) == ["everyone"]


def test_sql_written_by_hand_runs_as_it_is(postgres_url: str, tmp_path: Path) -> None:
    file = tmp_path / "own.sql"
    file.write_text("DROP SCHEMA IF EXISTS none;\nCREATE TABLE public.kept AS SELECT 7 AS n;\n")
    restore(postgres_url, file)
    assert fetch_value(postgres_url, "SELECT n FROM public.kept") == 7
    file.write_text("CREATE TABLE public.other (n INT);\nSELECT 1 FROM nowhere;\n")
    with pytest.raises(ServerError, match="psql failed"):
        restore(postgres_url, file)
    assert fetch_value(postgres_url, "SELECT n FROM public.kept") == 7


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(b'{"format": "stepwise-backup", "version": 2}\n'), "api/admin-restore"),
        (b"--\n-- PostgreSQL database cluster dump\n--\n", "pg_dumpall"),
        (b"\x7fELF\0\0\0", "is not a dump"),
    ],
    ids=["a backup of admin-backup", "a dump of a whole server", "a program"],
)
def test_a_file_that_cannot_be_restored_is_refused_with_the_reason(
    postgres_url: str, tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "stepwise-20250123T101500Z-1f2e3d4c.jsonl.gz"
    file.write_bytes(content)
    with pytest.raises(ServerError, match=message):
        restore(postgres_url, file)
    assert fetch_value(postgres_url, "SELECT count(*) FROM public.students") == 0


def test_a_restored_database_is_upgraded(
    empty_postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", empty_postgres_url)
    (tmp_path / "workshop-backup.sql").write_text(LEGACY)
    assert main(["restore", "workshop-backup.sql"]) == 0
    assert fetch_value(empty_postgres_url, "SELECT count(*) FROM public.workshop_students") == 1
    assert fetch_value(empty_postgres_url, "SELECT count(*) FROM public.sessions") == 0
    assert "assessment" in str(fetch_value(empty_postgres_url, "SHOW search_path"))
    assert "match the scripts in sql/" in capsys.readouterr().out


def test_a_restored_database_that_cannot_be_upgraded_is_restored_and_reported(
    empty_postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", empty_postgres_url)
    (tmp_path / "odd.sql").write_text("CREATE VIEW public.sessions AS SELECT 1 AS session_token;")
    assert main(["restore", "odd.sql"]) == 1
    output = capsys.readouterr()
    assert "Restored odd.sql" in output.out
    assert "The schema could not be brought up to date:\n  " in output.err
    assert "then run `make migrate`" in output.err
    assert "Traceback" not in output.err
    assert fetch_value(empty_postgres_url, "SELECT session_token FROM public.sessions") == 1


def test_the_upgrade_runs_with_the_code_of_the_project(tmp_path: Path) -> None:
    """A `migrate.py` in the caller's folder is not run."""
    (tmp_path / "migrate.py").write_text("raise SystemExit('the wrong one')")
    code = "from local.backup import upgrade\nupgrade()"
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No database is set" in process.stderr
    assert "the wrong one" not in process.stderr
