-- Adds the schemas of the project to the search_path of new sessions, so that queries of the guides find
-- their tables; the project's own statements always name their schema. A dump does not contain these
-- settings, so this script also runs alone: psql "$DATABASE_URL" -f sql/database/schema/search_path.sql

CREATE SCHEMA IF NOT EXISTS stepwise;
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.search_path', 0));

-- The schemas in the text of a search_path setting, in order.
CREATE OR REPLACE FUNCTION stepwise.schemas_in(p_search_path TEXT) RETURNS TEXT[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(CASE WHEN part[1] LIKE '"%'
      THEN replace(substr(part[1], 2, length(part[1]) - 2), '""', '"')
      ELSE lower(part[1]) END ORDER BY place), '{}')
  FROM regexp_matches(p_search_path, '("(?:[^"]|"")*"|[^",\s]+)', 'g')
    WITH ORDINALITY AS matches (part, place)
$$;

-- The search_path settings for new sessions of this role in this database: the database's and, if it
-- has one, the role's. `counts` says which takes effect, `missing` lists our schemas that it lacks, and
-- `statement` adds them. A setting of the role for all databases is not changed: the role gets one for
-- this database, which begins with the same schemas.
CREATE OR REPLACE FUNCTION stepwise.search_paths()
RETURNS TABLE (setting TEXT, counts BOOLEAN, missing TEXT[], statement TEXT)
LANGUAGE sql STABLE AS $$
  WITH stored AS (
    SELECT s.setdatabase <> 0 AS of_database, s.setrole <> 0 AS of_role,
      substr(entry, length('search_path=') + 1) AS path
    FROM pg_catalog.pg_db_role_setting AS s, unnest(s.setconfig) AS entry
    WHERE entry ^@ 'search_path='
      AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user))
      AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database
                                WHERE datname = current_database()))
  ), own AS (
    SELECT (SELECT path FROM stored WHERE of_role ORDER BY of_database DESC LIMIT 1) AS role_path,
      (SELECT path FROM stored WHERE NOT of_role ORDER BY of_database DESC LIMIT 1) AS database_path
  ), settings AS (
    SELECT format('database %I', current_database()) AS setting, role_path IS NULL AS counts,
      format('DATABASE %I', current_database()) AS target,
      -- Without any setting, the server's file decides, and this session began with its value.
      stepwise.schemas_in(coalesce(database_path, (
        SELECT CASE WHEN role_path IS NULL AND s.source <> 'client' THEN s.reset_val
                    ELSE s.boot_val END
        FROM pg_catalog.pg_settings AS s WHERE s.name = 'search_path'))) AS schemas
    FROM own
    UNION ALL
    SELECT format('role %I in database %I', current_user, current_database()), TRUE,
      format('ROLE %I IN DATABASE %I', current_user, current_database()),
      stepwise.schemas_in(role_path)
    FROM own WHERE role_path IS NOT NULL
  )
  SELECT s.setting, s.counts, added.names,
    format('ALTER %s SET search_path = %s;', s.target, (
      SELECT string_agg(CASE name WHEN '' THEN '''''' ELSE quote_ident(name) END, ', ' ORDER BY place)
      FROM unnest(s.schemas || added.names) WITH ORDINALITY AS listed (name, place)))
  FROM settings AS s CROSS JOIN LATERAL (
    SELECT ARRAY(SELECT name FROM unnest(ARRAY['public', 'assessment', 'learning']) AS name
                 WHERE name <> ALL (s.schemas)) AS names
  ) AS added
$$;

DO $$
DECLARE
  v RECORD;
BEGIN
  FOR v IN SELECT setting, statement FROM stepwise.search_paths() WHERE missing <> '{}' LOOP
    BEGIN
      EXECUTE format('%s', v.statement);
    EXCEPTION WHEN OTHERS THEN  -- providers refuse with errors of their own; nothing else depends on it
      RAISE NOTICE '%: search_path could not be extended (%); as a role that may do so, run: %',
        v.setting, SQLERRM, v.statement USING ERRCODE = 'SW001';
    END;
  END LOOP;
END $$;
