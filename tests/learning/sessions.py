"""Helpers for the tests of SQLAlchemy sessions."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lib.database import statements
from lib.database.statements import register_constraint
from lib.deps import Deps
from lib.errors import Conflict
from lib.learning.database import postgres_session, sqlite_session
from lib.learning.tables import User

SessionOn = Callable[[Deps], AbstractContextManager[Session]]
DATABASES = pytest.mark.parametrize("session_on", [postgres_session, sqlite_session])


def user(name: str = "mei", **values: Any) -> User:
    return User(username=name, role="student", **values)


def user_count(deps: Deps, session_on: SessionOn) -> int:
    with session_on(deps) as session:
        return session.scalar(select(func.count()).select_from(User)) or 0


class NameTaken(Conflict):
    """That name is taken."""


@contextmanager
def name_taken(constraint: str) -> Iterator[None]:
    """Register `NameTaken` for a constraint; after the block, restore the earlier registrations."""
    before = dict(statements._constraints)
    register_constraint(constraint, NameTaken)
    try:
        yield
    finally:
        statements._constraints.clear()
        statements._constraints.update(before)
