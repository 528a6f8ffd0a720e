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
-- Renames a table; returns the new name, null if there is no such table.
SELECT legacy.set_aside(%(table)s, %(stamp)s);

-- bring_back --
-- Gives a table its old name back; returns the name it had, null if there is none to bring back.
SELECT legacy.bring_back(%(table)s);
