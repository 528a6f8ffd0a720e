-- Queries of lib/legacy/old_tables/store.py.

-- any_legacy_table --
-- Whether there is a legacy table to set aside.
SELECT to_regclass('public.workshop_students') IS NOT NULL
  OR to_regclass('public.student_configs') IS NOT NULL
  OR to_regclass('public.workshop_sessions') IS NOT NULL;

-- is_empty --
-- Whether the unified schema has no students or no sessions.
SELECT NOT EXISTS (SELECT FROM public.students) OR NOT EXISTS (SELECT FROM public.sessions);

-- set_aside --
-- Rename a table; return the new name, null if there is no such table.
SELECT legacy.set_aside(%(table)s, %(stamp)s);

-- any_row --
-- Whether a legacy table holds a row.
SELECT legacy.any_row();

-- count_unified_set_aside --
-- The rows of the unified tables that dropExisting set aside last, if the present ones are empty.
SELECT row_count FROM legacy.unified_set_aside()
WHERE row_count > 0 AND legacy.unified_is_empty() LIMIT 1;

-- bring_back_unified --
-- Gives those tables their names back; returns no row if there is nothing to bring back.
SELECT table_name, new_name FROM legacy.bring_back_unified();

-- bring_back --
-- Give a table its original name; return its backup name, null if it has no backup.
SELECT legacy.bring_back(%(table)s);
