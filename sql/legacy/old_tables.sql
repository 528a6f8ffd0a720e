-- Queries of lib/legacy/old_tables.py.

-- count_written_since --
-- Rows of the legacy tables that say they were written after the migration began.
SELECT count(*) FROM pg_temp.all_rows, LATERAL (
  SELECT greatest(last_activity, updated_at, created_at, started_at) AS moment
) AS written
WHERE moment > %(since)s AND moment <= now();

-- any_old_table --
-- Whether there is one to set aside.
SELECT to_regclass('public.workshop_students') IS NOT NULL
  OR to_regclass('public.student_configs') IS NOT NULL
  OR to_regclass('public.workshop_sessions') IS NOT NULL;

-- is_empty --
-- Whether the unified schema holds nobody.
SELECT NOT EXISTS (SELECT FROM public.students) OR NOT EXISTS (SELECT FROM public.sessions);

-- set_aside --
-- Its new name, null where there is no such table.
SELECT legacy.set_aside(%(table)s, %(stamp)s);

-- bring_back --
-- The name it had, null where there is none to bring back.
SELECT legacy.bring_back(%(table)s);
