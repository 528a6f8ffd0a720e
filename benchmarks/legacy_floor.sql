-- The least cost of writing the same rows.

-- keep_result --
-- The rows that a migration made, beside the unified tables.
CREATE SCHEMA floor;
CREATE TABLE floor.students AS SELECT * FROM public.students;
CREATE TABLE floor.sessions AS SELECT * FROM public.sessions;
CREATE TABLE floor.step_progress AS SELECT * FROM public.step_progress;

-- empty_unified --
-- The unified tables as they were before it.
TRUNCATE public.students, public.sessions, public.step_progress, public.events;

-- insert_students --
-- Writes them without any mapping.
INSERT INTO public.students SELECT * FROM floor.students;

-- insert_sessions --
-- Writes them without any mapping.
INSERT INTO public.sessions SELECT * FROM floor.sessions;

-- insert_step_progress --
-- Writes them without any mapping.
INSERT INTO public.step_progress SELECT * FROM floor.step_progress;
