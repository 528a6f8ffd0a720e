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

-- bring_back --
-- Give a table its original name; return its backup name, null if it has no backup.
SELECT legacy.bring_back(%(table)s);
