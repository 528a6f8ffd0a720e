-- Query of lib/operations/health/store.py.

-- inspect_schema --
-- Return the revision of the schema, the fingerprints of the scripts that have run (the newest last),
-- the tables that are missing, whether public.students is a view for an older version, and the schemas
-- that the search_path of a new connection lacks. The path is read from the settings, because pooled
-- connections keep the path that they began with. The catalog is read instead of to_regclass(), which
-- fails for a role that may not use a schema.
-- The two tables of bookkeeping may be absent, or closed to this role, so ts_stat() reads them: it plans
-- its query only when it is called. It returns the words of the tsvector that the query selects.
WITH bookkeeping AS MATERIALIZED (
  SELECT c.relname::text AS table_name,
    NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_table_privilege(c.oid, 'SELECT')
      OR row_security_active(c.oid) AS hidden,
    CASE c.relname
      WHEN 'schema_version' THEN
        'SELECT array_to_tsvector(array_agg(version_num::text)) FROM stepwise.schema_version'
      WHEN 'script_runs' THEN
        'SELECT array_to_tsvector(array_agg(
          to_char(ran_at AT TIME ZONE ''UTC'', ''YYYYMMDDHH24MISSUS'') || '' '' || scripts))
        FROM stepwise.script_runs'
    END AS content
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = 'stepwise' AND c.relname IN ('schema_version', 'script_runs')
)
SELECT
  (
    SELECT string_agg(word, ' ' ORDER BY word) FROM bookkeeping, ts_stat(content)
    WHERE table_name = 'schema_version' AND NOT hidden
  ) AS revision,
  ARRAY(
    SELECT split_part(word, ' ', 2) FROM bookkeeping, ts_stat(content)
    WHERE table_name = 'script_runs' AND NOT hidden
    ORDER BY word
  ) AS script_runs,
  EXISTS (SELECT FROM bookkeeping WHERE table_name = 'script_runs' AND hidden) AS script_runs_hidden,
  ARRAY(
    SELECT expected.name
    FROM unnest(%(tables)s::text[]) WITH ORDINALITY AS expected (name, place)
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = split_part(expected.name, '.', 1)
        AND c.relname = split_part(expected.name, '.', 2) AND c.relkind IN ('r', 'p')
        -- The assessment's older table of this name has the column id instead.
        AND (expected.name <> 'public.students' OR EXISTS (
          SELECT FROM pg_catalog.pg_attribute
          WHERE attrelid = c.oid AND attname = 'student_id' AND NOT attisdropped)))
    ORDER BY expected.place
  ) AS absent_tables,
  EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = c.oid
    JOIN pg_catalog.pg_depend AS d
      ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
      AND d.refclassid = 'pg_catalog.pg_class'::regclass
    JOIN pg_catalog.pg_class AS source ON source.oid = d.refobjid
    WHERE c.relname = 'students' AND c.relkind = 'v'
      AND c.relnamespace = 'public'::regnamespace
      AND source.relnamespace = to_regnamespace('assessment')
  ) AS students_is_view,
  ARRAY(
    SELECT n.nspname::text
    FROM unnest(%(schemas)s::text[]) WITH ORDINALITY AS ours (name, place)
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = ours.name
    WHERE ours.name <> ALL (
      SELECT btrim(element, ' "') FROM unnest(string_to_array(path.setting, ',')) AS element)
    ORDER BY ours.place
  ) AS schemas_off_path
FROM (
  SELECT coalesce((
    SELECT substr(setting, length('search_path=') + 1)
    FROM pg_catalog.pg_db_role_setting AS s, unnest(s.setconfig) AS setting
    WHERE setting ^@ 'search_path='
      AND s.setdatabase IN (0, (
        SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
      AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))
    ORDER BY s.setrole = 0, s.setdatabase = 0 LIMIT 1
  ), '"$user", public') AS setting
) AS path;
