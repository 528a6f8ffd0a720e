-- Queries of lib/legacy/run.py: what is recorded of each migration.

-- plan_for_whole_tables --
-- What reads everything at the end is planned as this server plans: not all of it is in memory.
SELECT set_config('random_page_cost', reset_val, true) FROM pg_settings
WHERE name = 'random_page_cost';

-- unified_schema_exists --
-- Whether the tables to move to are there.
SELECT to_regclass('public.students') IS NOT NULL AND to_regclass('public.sessions') IS NOT NULL
  AND to_regclass('public.step_progress') IS NOT NULL AND to_regclass('public.events') IS NOT NULL
  AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('public.sessions')
              AND attname = 'emptied_fields' AND NOT attisdropped)
  -- By its argument: tables that were set aside keep a function of the same name.
  AND EXISTS (SELECT FROM pg_proc WHERE proname = 'flagged_steps'
              AND pronamespace = to_regnamespace('public')
              AND proargtypes[0] = to_regtype('public.sessions'))
  AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('public.sessions')
              AND attname = 'ci_service_sid' AND NOT attisdropped)
  AND to_regclass('public.removals') IS NOT NULL;

-- count_rows_to_move --
-- About how many rows the legacy tables have, to choose the first batch; 5 on a page of 8 KB where
-- nobody has counted yet.
SELECT coalesce(sum(greatest(reltuples, pg_relation_size(oid) / 8192 * 5)), 0)::bigint
FROM pg_class
WHERE oid IN (to_regclass('public.workshop_students'), to_regclass('public.student_configs'),
              to_regclass('public.workshop_sessions'));

-- open_run --
-- The unfinished run to go on with, if there is one.
SELECT id, dry_run, status, phase, next_hash, batch_hashes, counts, sources, verified,
  interruptions, calls, started_at
FROM legacy.migration_runs
WHERE dry_run = %(dry_run)s AND status <> 'completed' AND tables = legacy.tables_now()
ORDER BY id DESC LIMIT 1;

-- forget_dry_runs --
-- Before a new dry run, whose report replaces them.
WITH forgotten AS (
  DELETE FROM legacy.migration_runs WHERE dry_run RETURNING id
)
DELETE FROM legacy.migration_findings USING forgotten WHERE run_id = forgotten.id;

-- forget_paused_dry_runs --
-- Before a real run writes: half of their report would be about what was there before it.
WITH forgotten AS (
  DELETE FROM legacy.migration_runs WHERE dry_run AND status <> 'completed' RETURNING id
)
DELETE FROM legacy.migration_findings USING forgotten WHERE run_id = forgotten.id;

-- start_run --
-- A new run at its beginning.
INSERT INTO legacy.migration_runs (dry_run, batch_hashes, counts, tables)
VALUES (%(dry_run)s, %(batch_hashes)s, %(counts)s, legacy.tables_now())
RETURNING id, dry_run, status, phase, next_hash, batch_hashes, counts, sources, verified,
  interruptions, calls, started_at;

-- mark_running --
-- A call begins to work on it.
UPDATE legacy.migration_runs
SET status = 'running', heartbeat_at = now(), batch_hashes = %(batch_hashes)s,
  interruptions = %(interruptions)s, calls = %(calls)s
WHERE id = %(id)s;

-- save_run --
-- How far it is.
UPDATE legacy.migration_runs
SET status = %(status)s, phase = %(phase)s, next_hash = %(next_hash)s,
  batch_hashes = %(batch_hashes)s, counts = %(counts)s, sources = %(sources)s,
  verified = %(verified)s, heartbeat_at = clock_timestamp(),
  finished_at = CASE WHEN %(status)s = 'completed' THEN clock_timestamp() END
WHERE id = %(id)s;

-- last_real_run --
-- The newest migration that was no dry run, of the tables that are there now.
SELECT id, dry_run, status, phase, next_hash, batch_hashes, counts, sources, verified,
  interruptions, calls, started_at
FROM legacy.migration_runs WHERE NOT dry_run AND tables = legacy.tables_now()
ORDER BY id DESC LIMIT 1;

-- open_sources --
-- The legacy tables as views of one shape.
SELECT legacy.open_sources();

-- close_sources --
-- Take them away.
SELECT legacy.close_sources();

-- copy_findings_out --
-- The batch's findings as COPY's own bytes.
COPY pg_temp.findings TO STDOUT;

-- make_spool --
-- Where those bytes go after the rollback that took the batch away.
CREATE TEMP TABLE findings ON COMMIT DROP AS
  SELECT source, row_key, field, outcome, reason FROM legacy.migration_findings WITH NO DATA;

-- copy_findings_in --
-- And back.
COPY pg_temp.findings FROM STDIN;

-- keep_findings --
-- The batch's findings into the run's report.
INSERT INTO legacy.migration_findings (run_id, source, row_key, field, outcome, reason)
SELECT %(id)s, source, row_key, field, outcome, reason FROM pg_temp.findings;

-- summarize_findings --
-- How often each thing was found.
SELECT source, field, outcome, reason, count(*) AS rows
FROM legacy.migration_findings WHERE run_id = %(id)s
GROUP BY source, field, outcome, reason
ORDER BY outcome DESC, rows DESC, source, field, reason LIMIT %(limit)s;

-- list_findings --
-- What was found, row by row: skipped rows first.
SELECT source, row_key, field, outcome, reason
FROM legacy.migration_findings WHERE run_id = %(id)s
ORDER BY outcome DESC, source, row_key, field LIMIT %(limit)s;
