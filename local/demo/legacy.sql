-- Queries of local/demo/legacy.py.

-- any_legacy_table --
-- Return whether a legacy table exists.
SELECT to_regclass('public.workshop_students') IS NOT NULL
  OR to_regclass('public.student_configs') IS NOT NULL
  OR to_regclass('public.workshop_sessions') IS NOT NULL;

-- add_workshop_students --
-- Add rows to a legacy table.
INSERT INTO public.workshop_students
SELECT * FROM jsonb_populate_recordset(NULL::public.workshop_students, %(rows)s::jsonb);

-- add_student_configs --
-- Add rows to a legacy table.
INSERT INTO public.student_configs
SELECT * FROM jsonb_populate_recordset(NULL::public.student_configs, %(rows)s::jsonb);

-- add_workshop_sessions --
-- Add rows to a legacy table.
INSERT INTO public.workshop_sessions
SELECT * FROM jsonb_populate_recordset(NULL::public.workshop_sessions, %(rows)s::jsonb);
