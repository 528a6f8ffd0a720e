"""`make backup` and `make restore` on a database in use."""

import stat
from pathlib import Path

import psycopg
import pytest

from local.backup import dump, main, newest, restore
from local.servers.child import ServerError
from local.servers.postgres_server import PostgresServer


def rows(url: str) -> list[tuple[int, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT n, word FROM public.kept ORDER BY n").fetchall()


@pytest.fixture
def filled(postgres_url: str) -> str:
    """A database with the schema, and with a table `kept` of two rows."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE public.kept (n int PRIMARY KEY, word text)")
        connection.execute("INSERT INTO public.kept VALUES (1, 'ä'), (2, 'b')")
    return postgres_url


def test_restored_database_equals_the_backed_up_one(filled: str, tmp_path: Path) -> None:
    file = dump(filled, tmp_path / "backups")
    with psycopg.connect(filled) as connection:
        connection.execute("UPDATE public.kept SET word = 'changed'")
        connection.execute("CREATE SCHEMA newer")
        connection.execute("CREATE TABLE newer.more (n int REFERENCES public.kept (n))")
        connection.execute("CREATE TABLE assessment.more (n int)")
    restore(filled, file)
    assert rows(filled) == [(1, "ä"), (2, "b")]
    with psycopg.connect(filled) as connection:
        new_tables = connection.execute(
            "SELECT to_regclass('newer.more'), to_regclass('assessment.more')"
        ).fetchone()
        assert new_tables == (None, None)
        search_path = connection.execute("SHOW search_path").fetchone()
        assert search_path == ('"$user", public, assessment, learning',)


UNRESTORABLE = """
    CREATE TABLE public.later (n int);
    CREATE FUNCTION public.known(int) RETURNS boolean LANGUAGE sql
        AS 'SELECT EXISTS (SELECT FROM public.later WHERE later.n = $1)';
    CREATE TABLE public.earlier (n int CHECK (public.known(n)));
    INSERT INTO public.later VALUES (1);
    INSERT INTO public.earlier VALUES (1);
"""
"""Tables whose restore fails: the check of `earlier` needs rows of `later`, restored afterwards."""


def test_failed_restore_changes_nothing(filled: str, tmp_path: Path) -> None:
    with psycopg.connect(filled) as connection:
        connection.execute(UNRESTORABLE)
    file = dump(filled, tmp_path)
    with psycopg.connect(filled) as connection:
        connection.execute("DROP TABLE public.earlier; UPDATE public.kept SET word = 'newer'")
    with pytest.raises(ServerError, match="psql failed"):
        restore(filled, file)
    assert rows(filled) == [(1, "newer"), (2, "newer")]


def test_a_damaged_backup_is_refused(filled: str, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.dump"
    damaged.write_bytes(dump(filled, tmp_path).read_bytes()[:5_000])
    with pytest.raises(ServerError, match="pg_restore failed"):
        restore(filled, damaged)
    assert rows(filled) == [(1, "ä"), (2, "b")]


def test_a_backup_moves_to_an_empty_database(
    filled: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    file = dump(filled, tmp_path)
    url = postgres_server.create_database("moved")
    restore(url, file)
    assert rows(url) == [(1, "ä"), (2, "b")]
    postgres_server.drop_database("moved")


def test_backups_are_private_and_the_newest_is_found(filled: str, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    with pytest.raises(ServerError, match="no backup"):
        newest(folder)
    files = [dump(filled, folder) for _ in range(2)]
    assert newest(folder) == files[1]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(folder.iterdir()) == files


def test_restore_command_backs_up_the_database_that_it_replaces(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", filled)
    assert main(["dump"]) == 0
    with psycopg.connect(filled) as connection:
        connection.execute("INSERT INTO public.kept VALUES (3, 'later')")
    assert main(["restore"]) == 0
    assert rows(filled) == [(1, "ä"), (2, "b")]
    assert main(["restore"]) == 0, "backups that restore makes do not count as the newest"
    assert rows(filled) == [(1, "ä"), (2, "b")]
    (backup_before_restore, _) = sorted((tmp_path / ".local" / "backups").glob("before-restore-*"))
    assert main(["restore", str(backup_before_restore)]) == 0
    assert rows(filled) == [(1, "ä"), (2, "b"), (3, "later")]
    assert main(["restore", "none.dump"]) == 1
    assert "There is no file none.dump" in capsys.readouterr().err
