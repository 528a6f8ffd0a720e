"""Every command of the guide to databases and migrations, run on Postgres and on SQLite.

The guide runs commands in containers and names other folders. The table in docs/database.md
translates these; the tests apply it, and run all other commands as printed.
"""

import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import psycopg
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.deps import Deps, install_deps
from lib.learning.database import get_db, get_sqlite_db
from lib.learning.tables import SyncOperation, User
from lib.settings import Settings
from local.redis_gateway.gateway import Gateway
from local.servers.postgres_server import address_in_environment, program
from tests.learning.migrated_project import Project
from tests.support.forks import ROOT
from tests.support.requirements import requirement

IN_CONTAINER = "docker-compose exec backend "
WITH_CONTAINERS = {
    *("docker-compose ps", "docker-compose logs db", "docker-compose restart db"),
    *("docker-compose down", "docker-compose down -v", "make dev"),
}
"""Commands that inspect, start or stop containers; `make dev` has tests of its own."""
BACKUP = {
    "docker-compose exec db pg_dump -U postgres adaptive_learning > backup.sql",
    "docker-compose exec -T db psql -U postgres adaptive_learning < backup.sql",
}
COPIES = {
    "cp backend/local.db backend/local.db.backup",
    "cp backend/local.db.backup backend/local.db",
}
MAKE = {"make migrate", "make seed", "make backup"}
DATABASES = pytest.mark.parametrize("database", ["postgres", "sqlite"])


def commands() -> list[str]:
    """Return the distinct commands of the guide, those in the container without the prefix."""
    blocks = re.findall(r"```bash\n(.*?)```", requirement("002"), re.DOTALL)
    lines = [line.strip() for line in "\n".join(blocks).splitlines()]
    texts = [re.sub(r"\s+#.*", "", line) for line in lines if line and not line.startswith("#")]
    settings = ("DATABASE_URL=", "SQLITE_DATABASE_URL=")
    return list(
        dict.fromkeys(
            text.removeprefix(IN_CONTAINER) for text in texts if not text.startswith(settings)
        )
    )


def test_every_command_of_the_guide_is_run_or_translated() -> None:
    commands_as_printed = {text for text in commands() if text.startswith(("alembic ", "python "))}
    assert len(commands_as_printed) == 17
    assert set(commands()) - commands_as_printed == WITH_CONTAINERS | BACKUP | COPIES | MAKE


def test_documentation_translates_the_names_of_the_guide() -> None:
    page = (ROOT / "docs" / "database.md").read_text()
    for text in (*BACKUP, "docker-compose down -v", "docker-compose ps", "backend/local.db"):
        assert f"`{text}`" in page
    for text in commands():
        if text.startswith(("alembic ", "python ")):
            command = re.sub(r'".*"', '"…"', text)
            assert f"`{command}`" in page, command
    for text in ("app.core.database", "app/models/", "alembic/env.py"):
        assert text in requirement("002")
        assert text in page


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A copy of the project, to which tests add columns and revisions."""
    return Project(tmp_path / "project")


@pytest.fixture
def project_on(
    project: Project, empty_postgres_url: str, tmp_path: Path
) -> Callable[[str], Project]:
    """Function that makes the project's environment name one database, and returns the project."""

    def choose(database: str) -> Project:
        is_postgres = database == "postgres"
        project.url = empty_postgres_url if is_postgres else ""
        project.sqlite = None if is_postgres else tmp_path / "local.db"
        return project

    return choose


def run(project: Project, command: str) -> str:
    """Run a command of the guide that has to succeed; return what it printed."""
    words = shlex.split(command)
    script = {"alembic": "-m alembic", "python": words[1]}[words[0]]
    return project.run(script, *words[1 if words[0] == "alembic" else 2 :])


def column_names(project: Project) -> set[str]:
    """Return the columns of `users`."""
    if project.sqlite is not None:
        with closing(sqlite3.connect(project.sqlite)) as connection:
            rows = connection.execute("SELECT name FROM pragma_table_info('users')").fetchall()
    else:
        with psycopg.connect(project.url) as connection:
            rows = connection.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = 'learning' AND table_name = 'users'"
            ).fetchall()
    return {str(row[0]) for row in rows}


@DATABASES
def test_commands_of_the_guide_work_one_after_the_other(
    database: str, project_on: Callable[[str], Project]
) -> None:
    project = project_on(database)
    remaining = {text for text in commands() if text.startswith(("alembic ", "python "))}

    def guide(command: str) -> str:
        assert command in commands()
        remaining.discard(command)
        return run(project, command)

    output = guide("alembic upgrade head --sql")
    assert "CREATE TABLE IF NOT EXISTS" in output
    assert column_names(project) == set()
    guide("python init_db.py")
    assert "username" in column_names(project)
    guide("alembic upgrade head")
    assert "001 (head)" in guide("alembic current")
    assert "001 (head)" in guide("python migrate.py current")
    assert "001" in guide("alembic history")
    assert "001" in guide("python migrate.py history")
    guide("alembic downgrade -1")
    assert "001" not in guide("alembic current")
    guide("alembic upgrade +1")
    guide("python migrate.py downgrade")
    guide("python migrate.py upgrade")
    guide("alembic stamp head")

    project.add_column_to_users()
    guide('alembic revision --autogenerate -m "add user email field"')
    (path,) = project.revisions()
    assert path.name.endswith("_add_user_email_field.py")
    project.run("-m local.learning_schema")
    guide("alembic upgrade head")
    assert "email" in column_names(project)
    guide("alembic downgrade -1")
    assert "email" not in column_names(project)
    guide("alembic upgrade head")
    assert "email" in column_names(project)
    for command in (
        'python migrate.py autogenerate "description"',
        'alembic revision --autogenerate -m "add new model"',
        'alembic revision --autogenerate -m "modify model"',
        'alembic revision -m "add custom index"',
    ):
        guide(command)
        guide("alembic upgrade head")
    assert len(project.revisions()) == 5
    assert "email" in column_names(project)
    assert remaining == set()


def recipe(target: str) -> list[str]:
    """Return the command of a target of the Makefile, with this interpreter as its `$(RUN)`."""
    makefile = (ROOT / "Makefile").read_text()
    match = re.search(rf"^{target}:.*\n\t@\$\(RUN\) (.*)$", makefile, re.MULTILINE)
    assert match is not None
    return [sys.executable, *match[1].split()]


def test_make_migrate_seed_and_backup_work_and_the_backup_is_restored(
    empty_postgres_url: str, redis_gateway: Gateway, project: Project, tmp_path: Path
) -> None:
    local_file = tmp_path / "local.db"
    environment = {
        "DATABASE_URL": empty_postgres_url,
        "SQLITE_DATABASE_URL": f"sqlite:///{local_file}",
        "UPSTASH_REDIS_REST_URL": redis_gateway.url,
        "UPSTASH_REDIS_REST_TOKEN": redis_gateway.token,
        "ENCRYPTION_KEY": "0123456789abcdef" * 4,
        "ADMIN_PASSWORD": "a password for the tests",
    }

    def make(target: str) -> str:
        assert f"make {target}" in commands()
        process = subprocess.run(
            recipe(target),
            cwd=project.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    output = make("migrate")
    assert "The database went from revision none to 001." in output
    assert f"The SQLite file {local_file} went from revision none to 001." in output
    make("seed")
    assert "Wrote .local/backups/stepwise-" in make("backup")

    def count() -> object:
        with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
            return connection.execute("SELECT count(*) FROM public.students").fetchone()

    before = count()
    variables = {**environment, **address_in_environment(empty_postgres_url)}
    backup = project.folder / "backup.sql"
    with backup.open("w") as file:
        subprocess.run([program("pg_dump")], env=variables, stdout=file, check=True)
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        for schema in ("public", "assessment", "learning", "legacy", "stepwise"):
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
        connection.execute("CREATE SCHEMA public")
    with backup.open() as script:
        subprocess.run(
            [program("psql"), "--quiet", "--no-psqlrc"],
            env=variables,
            stdin=script,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    assert count() == before
    project.url = empty_postgres_url
    assert "001 (head)" in project.run("migrate.py", "current")


@contextmanager
def deps_of(url: str, file: Path) -> Iterator[Deps]:
    deps = Deps(Settings(postgres_url=url, sqlite_url=f"sqlite:///{file}"))
    install_deps(deps)
    try:
        yield deps
    finally:
        install_deps(None)
        deps.close()


def test_dual_database_pattern_of_the_guide_works(postgres_url: str, tmp_path: Path) -> None:
    """Write to SQLite, queue the operation, store it in Postgres, mark it as complete."""
    file = tmp_path / "local.db"
    project = Project(tmp_path / "project", sqlite=file)
    project.run("migrate.py", "upgrade")
    app = FastAPI()

    @app.post("/offline/{name}")
    def offline_endpoint(name: str, db: Annotated[Session, Depends(get_sqlite_db)]) -> None:
        user = User(username=name, role="student")
        db.add(user)
        db.flush()
        db.add(
            SyncOperation(
                operation_type="create",
                table_name="users",
                record_id=str(user.id),
                data={"username": name},
                timestamp=user.created_at,
            )
        )
        db.commit()

    @app.post("/sync")
    def some_endpoint(
        db: Annotated[Session, Depends(get_db)], local: Annotated[Session, Depends(get_sqlite_db)]
    ) -> None:
        for operation in local.scalars(select(SyncOperation).where(~SyncOperation.synced)):
            db.add(User(username=operation.data["username"], role="student"))
            operation.synced = True
        db.commit()
        local.commit()

    with deps_of(postgres_url, file):
        client = TestClient(app)
        for name in ("mei", "lee"):
            assert client.post(f"/offline/{name}").status_code == 200
        for _ in range(2):
            assert client.post("/sync").status_code == 200
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute("SELECT username FROM learning.users ORDER BY 1").fetchall()
    assert rows == [("lee",), ("mei",)]
    with closing(sqlite3.connect(file)) as local:
        pending = "SELECT count(*) FROM sync_operations WHERE NOT synced"
        assert local.execute(pending).fetchall() == [(0,)]


def test_sqlite_file_is_backed_up_and_restored_by_copying(
    postgres_url: str, tmp_path: Path
) -> None:
    assert set(commands()) >= COPIES
    file, backup = tmp_path / "local.db", tmp_path / "local.db.backup"
    project = Project(tmp_path / "project", sqlite=file)
    project.run("migrate.py", "upgrade")

    def names() -> list[str]:
        with closing(sqlite3.connect(file)) as connection:
            return [row[0] for row in connection.execute("SELECT username FROM users")]

    with deps_of(postgres_url, file) as deps:
        sessions = get_sqlite_db(deps)
        session = next(sessions)
        session.add(User(username="mei", role="student"))
        session.commit()
        subprocess.run(["cp", file, backup], check=True)
        session.add(User(username="lee", role="student"))
        session.commit()
        sessions.close()  # type: ignore[attr-defined]
    assert sorted(names()) == ["lee", "mei"]
    subprocess.run(["cp", backup, file], check=True)
    assert names() == ["mei"]
