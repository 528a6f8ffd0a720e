"""Sessions on Postgres and SQLite alike: transactions, and errors of our own."""

from dataclasses import replace
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lib.deps import Deps
from lib.errors import (
    AppError,
    NotConfigured,
    SchemaMissing,
    UnstorableText,
    UnusableSetting,
)
from lib.learning.database import get_db, get_sqlite_db, postgres_session, sqlite_session
from lib.learning.tables import StudentProfile, Topic, User
from lib.learning.tables.base import new_id
from lib.settings import Settings
from tests.conftest import installed_deps
from tests.learning.sessions import DATABASES, NameTaken, SessionOn, name_taken, user, user_count


@DATABASES
def test_only_what_a_service_commits_is_stored(deps_of_both: Deps, session_on: SessionOn) -> None:
    with session_on(deps_of_both) as session:
        session.add(user("committed"))
        session.commit()
        session.add(user("forgotten"))
        session.flush()
    assert user_count(deps_of_both, session_on) == 1


@DATABASES
def test_rows_can_be_read_after_the_commit(deps_of_both: Deps, session_on: SessionOn) -> None:
    with session_on(deps_of_both) as session:
        mei = user()
        session.add(mei)
        session.commit()
    assert mei.username == "mei"


@DATABASES
def test_error_of_a_service_rolls_back_and_frees_the_connection(
    deps_of_both: Deps, session_on: SessionOn
) -> None:
    def fail() -> None:
        with session_on(deps_of_both) as session:
            session.add(user())
            session.flush()
            raise KeyError

    for _ in range(40):  # more often than a pool has connections
        with pytest.raises(KeyError):
            fail()
    assert user_count(deps_of_both, session_on) == 0


@DATABASES
def test_definitions_of_tables_belong_to_the_transaction(
    deps_of_both: Deps, session_on: SessionOn
) -> None:
    with session_on(deps_of_both) as session:
        session.execute(text("CREATE TABLE kept (n INT)"))
        session.rollback()
        session.execute(text("CREATE TABLE kept (n INT)"))
        session.commit()


@DATABASES
def test_savepoint_undoes_only_its_own_part(deps_of_both: Deps, session_on: SessionOn) -> None:
    with session_on(deps_of_both) as session:
        session.add(user("kept"))
        session.flush()
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(f"INSERT INTO {learning(session)}users (username) VALUES ('x')"))
        session.commit()
    assert user_count(deps_of_both, session_on) == 1


def learning(session: Session) -> str:
    """Return what precedes the name of a table in SQL; SQLite has no schema."""
    return "" if session.get_bind().dialect.name == "sqlite" else "learning."


@DATABASES
def test_violated_constraint_raises_its_own_error_at_the_statement(
    deps_of_both: Deps, session_on: SessionOn
) -> None:
    with name_taken("users_username_key"), session_on(deps_of_both) as session:
        session.add(user())
        session.commit()
        session.add(user())
        with pytest.raises(NameTaken):
            session.flush()
        session.rollback()
        session.add(user("another"))
        session.commit()
    assert user_count(deps_of_both, session_on) == 2


@DATABASES
def test_violated_check_raises_its_own_error(deps_of_both: Deps, session_on: SessionOn) -> None:
    with name_taken("topics_exam_weightage_check"), session_on(deps_of_both) as session:
        session.add(Topic(name="Limits", exam_weightage=101, estimated_hours=1))
        with pytest.raises(NameTaken):
            session.flush()


@DATABASES
def test_foreign_keys_are_enforced(deps_of_both: Deps, session_on: SessionOn) -> None:
    with session_on(deps_of_both) as session:
        session.add(StudentProfile(user_id=new_id(), grade=9, target_exam="A"))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()
        mei = user()
        session.add(mei)
        session.flush()
        session.add(StudentProfile(user_id=mei.id, grade=9, target_exam="A"))
        session.commit()
        session.delete(mei)
        session.commit()
        assert session.scalar(select(func.count()).select_from(StudentProfile)) == 0


@DATABASES
def test_missing_table_raises_schema_missing(deps_of_both: Deps, session_on: SessionOn) -> None:
    with session_on(deps_of_both) as session:
        users = f"{learning(session)}users"
        for query in ("SELECT 1 FROM nowhere", f"SELECT absent FROM {users}"):
            with pytest.raises(SchemaMissing):
                session.execute(text(query))
            session.rollback()


@DATABASES
def test_text_that_cannot_be_stored_is_refused(deps_of_both: Deps, session_on: SessionOn) -> None:
    with session_on(deps_of_both) as session:
        session.add(user("\ud800"))
        with pytest.raises(UnstorableText):
            session.flush()


@DATABASES
def test_error_shows_no_parameter(deps_of_both: Deps, session_on: SessionOn) -> None:
    with session_on(deps_of_both) as session:
        same_id = new_id()
        rows = [
            {"id": same_id, "username": name, "role": "student", "password_hash": "secret-1"}
            for name in ("mei", "lee")
        ]
        with pytest.raises(IntegrityError) as raised:
            session.execute(insert(User), rows)
    assert "secret-1" not in str(raised.value)


def test_missing_addresses_are_named(settings: Settings) -> None:
    with installed_deps(replace(settings, postgres_url=None)) as deps:
        with pytest.raises(NotConfigured, match="POSTGRES_URL is not set"):
            user_count(deps, postgres_session)
        with pytest.raises(NotConfigured, match="SQLITE_DATABASE_URL is not set"):
            user_count(deps, sqlite_session)
    problem = "SQLITE_DATABASE_URL: it names no file"
    with (
        installed_deps(replace(settings, sqlite_problem=problem)) as deps,
        pytest.raises(UnusableSetting, match=problem),
    ):
        user_count(deps, sqlite_session)


@pytest.fixture
def app_of_both(deps_of_both: Deps) -> TestClient:  # noqa: ARG001 it installs them
    """An application whose handlers declare sessions as FastAPI's users do."""
    app = FastAPI()

    @app.exception_handler(AppError)
    def error_response(_request: Request, error: AppError) -> JSONResponse:
        return JSONResponse(str(error), error.status)

    @app.post("/{database}/{name}")
    def add(
        database: str,
        name: str,
        db: Annotated[Session, Depends(get_db)],
        local: Annotated[Session, Depends(get_sqlite_db)],
    ) -> dict[str, int]:
        session = db if database == "postgres" else local
        session.add(user(name))
        session.flush()
        if name == "stop":
            raise SchemaMissing
        session.commit()
        return {"users": session.scalar(select(func.count()).select_from(User)) or 0}

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("database", ["postgres", "sqlite"])
def test_handlers_get_sessions_from_depends(app_of_both: TestClient, database: str) -> None:
    with name_taken("users_username_key"):
        for _ in range(40):
            assert app_of_both.post(f"/{database}/stop").status_code == 503
        assert app_of_both.post(f"/{database}/mei").json() == {"users": 1}
        response = app_of_both.post(f"/{database}/mei")
        assert response.status_code == 409
        assert app_of_both.post(f"/{database}/lee").json() == {"users": 2}
