-- Records of upgrades and downgrades, in their own schema. This script runs before every other one.
--
-- Scripts report to the operator with RAISE NOTICE … USING ERRCODE = 'SW001'. A state that only a
-- person can decide raises an exception with the constraint name schema_needs_decision.

SELECT set_config('lock_timeout', '5s', true), set_config('client_min_messages', 'notice', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.schema', 0));

CREATE SCHEMA IF NOT EXISTS stepwise;

-- Revision of the schema, kept by Alembic. Not public.alembic_version, which other applications use.
CREATE TABLE IF NOT EXISTS stepwise.schema_version (
  version_num VARCHAR(32) NOT NULL CONSTRAINT schema_version_pkc PRIMARY KEY
);

-- The versions of the scripts that have run on this database.
CREATE TABLE IF NOT EXISTS stepwise.script_runs (
  scripts VARCHAR(32) CONSTRAINT script_runs_pkey PRIMARY KEY,  -- their fingerprint, see lib/database/schema.py
  ran_at TIMESTAMPTZ NOT NULL DEFAULT now()                     -- when they last ran
);

-- Tables that stood in `public` before the first upgrade. A downgrade returns them.
CREATE TABLE IF NOT EXISTS stepwise.adopted_tables (
  table_name TEXT CONSTRAINT adopted_tables_pkey PRIMARY KEY,  -- present name, with its schema
  former_name TEXT NOT NULL,          -- name in public
  columns TEXT[] NOT NULL,            -- names before the upgrade
  constraints TEXT[] NOT NULL,        -- names before the upgrade
  triggers TEXT[] NOT NULL,           -- names before the upgrade
  row_security BOOLEAN NOT NULL,      -- whether row-level security was on before the upgrade
  adopted_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  finished_at TIMESTAMPTZ             -- null: a view of the former name serves the previous version
);
-- The columns that upgrades had added when a downgrade returned the table; null until a downgrade.
ALTER TABLE stepwise.adopted_tables ADD COLUMN IF NOT EXISTS added_columns TEXT[];

-- Schemas and tables that a downgrade set aside. The next upgrade returns them.
CREATE TABLE IF NOT EXISTS stepwise.set_aside (
  former_name TEXT CONSTRAINT set_aside_pkey PRIMARY KEY,  -- 'assessment' or 'public.sessions'
  present_name TEXT NOT NULL,
  set_aside_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- True while a view serves the previous version under the name public.students, which the
-- workshop's own table needs.
CREATE OR REPLACE FUNCTION stepwise.workshop_waits() RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM stepwise.adopted_tables a
    JOIN pg_catalog.pg_class c ON c.relname = a.former_name AND c.relkind = 'v'
      AND c.relnamespace = 'public'::regnamespace
    WHERE a.table_name = 'assessment.examinees' AND a.finished_at IS NULL
  )
$$;

-- Record the present state of a table of `public`. If it is adopted again after a downgrade, the
-- columns that upgrades had added are left out; the downgrade has already dropped their constraints
-- and triggers.
CREATE OR REPLACE FUNCTION stepwise.adopt(
  p_former_name TEXT, p_table_name TEXT, p_finished BOOLEAN
) RETURNS VOID LANGUAGE sql AS $$
  INSERT INTO stepwise.adopted_tables
    (table_name, former_name, columns, constraints, triggers, row_security, finished_at)
  SELECT p_table_name, p_former_name,
    ARRAY(SELECT attname FROM pg_catalog.pg_attribute
          WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum),
    ARRAY(SELECT conname FROM pg_catalog.pg_constraint WHERE conrelid = c.oid ORDER BY conname),
    ARRAY(SELECT tgname FROM pg_catalog.pg_trigger
          WHERE tgrelid = c.oid AND NOT tgisinternal ORDER BY tgname),
    c.relrowsecurity, CASE WHEN p_finished THEN now() END
  FROM pg_catalog.pg_class c
  WHERE c.oid = to_regclass(format('public.%I', p_former_name))
  ON CONFLICT ON CONSTRAINT adopted_tables_pkey DO UPDATE SET
    columns = CASE WHEN adopted_tables.added_columns IS NULL THEN adopted_tables.columns ELSE
      ARRAY(SELECT name FROM unnest(excluded.columns) WITH ORDINALITY AS present_columns (name, place)
            WHERE name <> ALL (adopted_tables.added_columns) ORDER BY place) END,
    constraints = excluded.constraints, triggers = excluded.triggers,
    row_security = excluded.row_security, added_columns = NULL,
    adopted_at = now(), finished_at = excluded.finished_at
$$;
