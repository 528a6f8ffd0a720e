-- Queries of lib/legacy/runs/store.py: the runs, their findings, and the schema they need.

-- unified_schema_exists --
-- Return whether the unified tables exist with every column and function that a migration needs.
SELECT to_regclass('public.students') IS NOT NULL AND to_regclass('public.sessions') IS NOT NULL
  AND to_regclass('public.step_progress') IS NOT NULL AND to_regclass('public.events') IS NOT NULL
  AND to_regclass('public.removals') IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM unnest(ARRAY['emptied_fields', 'course_id', {{fields: '$column'}}]) AS field
    WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('public.sessions')
                      AND attname = field AND NOT attisdropped))
  AND to_regprocedure('public.older_column(regclass,text)') IS NOT NULL
  -- Identified by its argument, because tables that were set aside keep a function of the same name.
  AND EXISTS (SELECT FROM pg_proc WHERE proname = 'flagged_steps'
              AND pronamespace = to_regnamespace('public')
              AND proargtypes[0] = to_regtype('public.sessions'));

-- tables_elsewhere --
-- Tables and views with the names of legacy tables, or with those in camel case, that a migration does not
-- read because of their schema or their spelling.
SELECT n.nspname || '.' || c.relname AS name FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$)'
  AND replace(lower(c.relname), '_', '') IN (
    'workshopstudents', 'studentconfigs', 'workshopsessions')
  AND (n.nspname <> 'public'
    OR c.relname NOT IN ('workshop_students', 'student_configs', 'workshop_sessions'))
ORDER BY 1;

-- present_tables --
-- The legacy tables that exist.
SELECT name FROM unnest(ARRAY['workshop_students', 'student_configs', 'workshop_sessions']) AS name
WHERE to_regclass('public.' || name) IS NOT NULL;

-- estimate_rows --
-- Approximate number of rows in the legacy tables, to choose the first batch: at least 5 rows per
-- page of 8 KB, since a table may never have been analyzed, and a million for a view, whose size is
-- unknown.
SELECT coalesce(sum(CASE WHEN c.relkind IN ('v', 'f') THEN 1000000
    ELSE greatest(part.reltuples, pg_relation_size(part.oid) / 8192 * 5) END), 0)::bigint
FROM pg_class AS c
LEFT JOIN LATERAL pg_partition_tree(c.oid) AS tree ON c.relkind = 'p'
LEFT JOIN pg_class AS part ON part.oid = coalesce(tree.relid, c.oid)
WHERE c.oid IN (to_regclass('public.workshop_students'), to_regclass('public.student_configs'),
                to_regclass('public.workshop_sessions'));

-- unfinished_run --
-- The run to continue, if there is one.
SELECT id, dry_run, status, phase, next_hash, batch_hashes, counts, sources, verified,
  interruptions, calls, started_at
FROM legacy.migration_runs
WHERE dry_run = %(dry_run)s AND status <> 'completed' AND tables = legacy.tables_now()
ORDER BY id DESC LIMIT 1;

-- delete_dry_runs --
-- Delete dry runs before a new one, whose report replaces theirs.
WITH deleted AS (
  DELETE FROM legacy.migration_runs WHERE dry_run RETURNING id
)
DELETE FROM legacy.migration_findings USING deleted WHERE run_id = deleted.id;

-- delete_unfinished_dry_runs --
-- Delete unfinished dry runs before a real run writes, because part of their report would describe
-- the tables as they were before the real run.
WITH deleted AS (
  DELETE FROM legacy.migration_runs WHERE dry_run AND status <> 'completed' RETURNING id
)
DELETE FROM legacy.migration_findings USING deleted WHERE run_id = deleted.id;

-- start_run --
-- Add a run that is at its beginning.
INSERT INTO legacy.migration_runs (dry_run, batch_hashes, counts, tables)
VALUES (%(dry_run)s, %(batch_hashes)s, %(counts)s, legacy.tables_now())
RETURNING id, dry_run, status, phase, next_hash, batch_hashes, counts, sources, verified,
  interruptions, calls, started_at;

-- mark_running --
-- Record that a call is working on the run.
UPDATE legacy.migration_runs
SET status = 'running', heartbeat_at = now(), batch_hashes = %(batch_hashes)s,
  interruptions = %(interruptions)s, calls = %(calls)s
WHERE id = %(id)s;

-- save_run --
-- Store the state of the run at the end of a call.
UPDATE legacy.migration_runs
SET status = %(status)s, phase = %(phase)s, next_hash = %(next_hash)s,
  batch_hashes = %(batch_hashes)s, counts = %(counts)s, sources = %(sources)s,
  verified = %(verified)s, heartbeat_at = clock_timestamp(),
  finished_at = CASE WHEN %(status)s = 'completed' THEN clock_timestamp() END
WHERE id = %(id)s;

-- last_real_run --
-- The newest real run over the tables that exist now.
SELECT id, dry_run, status, phase, next_hash, batch_hashes, counts, sources, verified,
  interruptions, calls, started_at
FROM legacy.migration_runs WHERE NOT dry_run AND tables = legacy.tables_now()
ORDER BY id DESC LIMIT 1;

-- open_sources --
-- Open the legacy tables as views of one shape.
SELECT legacy.open_sources();

-- close_sources --
-- Drop the views that open_sources created.
SELECT legacy.close_sources();

-- copy_findings_out --
-- Read the findings of a batch in COPY's format.
COPY pg_temp.findings TO STDOUT;

-- create_findings --
-- Create the temporary table of findings again after the batch was rolled back.
CREATE TEMP TABLE findings ON COMMIT DROP AS
  SELECT source, row_key, field, outcome, reason FROM legacy.migration_findings WITH NO DATA;

-- copy_findings_in --
-- Write the findings back, in COPY's format.
COPY pg_temp.findings FROM STDIN;

-- store_findings --
-- Add the batch's findings to the run.
INSERT INTO legacy.migration_findings (run_id, source, row_key, field, outcome, reason)
SELECT %(id)s, source, row_key, field, outcome, reason FROM pg_temp.findings;

-- summarize_findings --
-- Number of findings for each table, field, outcome and reason, the worst first. Exercises of
-- all names are counted together, since a few hundred of them would hide everything else.
WITH kinds AS (
  SELECT source, field, outcome, reason, regexp_replace(field,
    '^exercises[.].*?([.](?:timeSpent|attempts|timestamp|lastAttempt))?$', 'exercises.*\1') AS kind
  FROM legacy.migration_findings WHERE run_id = %(id)s
)
SELECT source, kind AS field, outcome, reason, count(*) AS rows,
  coalesce((array_agg(DISTINCT field ORDER BY field) FILTER (WHERE field <> kind))[1:3], '{}')
    AS examples
FROM kinds
GROUP BY source, kind, outcome, reason
ORDER BY array_position(ARRAY['skipped', 'kept raw', 'mended'], outcome) NULLS FIRST, rows DESC,
  source, kind, reason
LIMIT %(limit)s;

-- list_findings --
-- Findings, row by row: the first 20 of every kind, the worst kinds first; then all the others.
SELECT source, row_key, field, outcome, reason
FROM (
  SELECT *, row_number() OVER (
    PARTITION BY source, outcome, reason, regexp_replace(field,
      '^exercises[.].*?([.](?:timeSpent|attempts|timestamp|lastAttempt))?$', 'exercises.*\1')
    ORDER BY row_key, field) AS place
  FROM legacy.migration_findings WHERE run_id = %(id)s
) AS numbered
ORDER BY place > 20, array_position(ARRAY['skipped', 'kept raw', 'mended'], outcome) NULLS FIRST,
  source, row_key, field
LIMIT %(limit)s;
