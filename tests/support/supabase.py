"""A database with the roles, owners and default privileges of Supabase."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from lib.database.schema import upgrade_schema
from local.servers.postgres_server import PostgresServer

OWNER = "supabase_owner"
"""Role like Supabase's `postgres`: owner of the database, but not a superuser, and
with a search path of its own."""

CREATE_ROLES = f"""
CREATE ROLE anon LOGIN;
CREATE ROLE authenticated LOGIN;
CREATE ROLE service_role LOGIN BYPASSRLS;
CREATE ROLE {OWNER} LOGIN CREATEROLE;
ALTER ROLE {OWNER} SET search_path = "$user", public, extensions;
"""
SET_UP = f"""
CREATE SCHEMA extensions AUTHORIZATION {OWNER};
CREATE FUNCTION extensions.uuid_generate_v4() RETURNS UUID RETURN gen_random_uuid();
GRANT USAGE ON SCHEMA public, extensions TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public
  GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public
  GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public
  GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;
"""
DROP_ROLES = f"DROP ROLE anon, authenticated, service_role, {OWNER};"

OPEN = """
WITH schemas AS (
  SELECT oid FROM pg_namespace WHERE nspname !~ '^(pg_|extensions$|information_schema$)'
), relations AS (
  SELECT oid, oid::regclass::text AS name, relkind, relrowsecurity FROM pg_class
  WHERE relnamespace IN (SELECT oid FROM schemas)
), api_roles (role) AS (VALUES ('anon'), ('authenticated'))
SELECT name, role FROM relations, api_roles WHERE CASE
  WHEN relkind = 'S' THEN has_sequence_privilege(role, oid, 'USAGE, SELECT, UPDATE')
  WHEN relkind IN ('r', 'p', 'v', 'm', 'f') THEN has_table_privilege(
      role, oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    OR has_any_column_privilege(role, oid, 'SELECT, INSERT, UPDATE, REFERENCES') END
UNION ALL
SELECT name, 'without row-level security' FROM relations
WHERE relkind IN ('r', 'p') AND NOT relrowsecurity
UNION ALL
SELECT oid::regprocedure::text, role FROM pg_proc, api_roles
WHERE pronamespace IN (SELECT oid FROM schemas) AND has_function_privilege(role, oid, 'EXECUTE')
ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Supabase:
    """A database with the roles of Supabase."""

    server: PostgresServer
    name: str

    def url(self, role: str = OWNER) -> str:
        """Return the address for a role."""
        return self.server.url(self.name).replace("//postgres@", f"//{role}@")

    def open_objects(self) -> list[str]:
        """Return what anon or authenticated may use, and tables without row-level security."""
        with psycopg.connect(self.server.url(self.name)) as connection:
            connection.execute("SET search_path = pg_catalog")  # so that names contain their schema
            return [f"{name}: {how}" for name, how in connection.execute(OPEN).fetchall()]

    def upgrade(self, *, finish: bool = False) -> list[str]:
        """Run the scripts of the schema as the owner; return what they report to the operator."""
        with psycopg.connect(self.url()) as connection:
            return upgrade_schema(connection, finish=finish).reports


@contextmanager
def supabase_database(server: PostgresServer, name: str) -> Iterator[Supabase]:
    """Create the roles and an empty database for a block."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(CREATE_ROLES.encode())
    try:
        url = server.create_database(name)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} OWNER TO {OWNER}".encode())
            connection.execute(SET_UP.encode())
        yield Supabase(server, name)
    finally:
        server.drop_database(name)
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(DROP_ROLES.encode())
