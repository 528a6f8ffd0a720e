"""A database whose owner is not a superuser, as hosted databases are."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from lib.database.schema import schema_scripts
from tests.support.databases import EMPTY, Databases

OWNER = "stepwise_owner"
OTHER = "another_application"
ROLES = f"""
DO $$ BEGIN
  IF to_regrole('{OWNER}') IS NULL THEN
    CREATE ROLE {OWNER} LOGIN;
    CREATE ROLE {OTHER} LOGIN;
  END IF;
END $$;
"""


def as_role(url: str, role: str = OWNER) -> str:
    """Return the address of the same database for a role."""
    return url.replace("//postgres@", f"//{role}@")


@contextmanager
def owned_database(databases: Databases) -> Iterator[str]:
    """Lend a database with our schema that OWNER owns; yield the address for a superuser."""
    with databases.copy(databases.template("owned", EMPTY, _fill)) as url:
        _set_owner(url)
        yield url


def _fill(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ROLES.encode())
    _set_owner(url)
    with psycopg.connect(as_role(url)) as connection:
        for _, script in schema_scripts():
            connection.execute(script.encode())


def _set_owner(url: str) -> None:
    """Make OWNER the owner; a copy of a database belongs to the role that made it."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} OWNER TO {OWNER}".encode())
