-- Statements of the floor with which the benchmark `legacy_migration` compares a migration: a bare
-- insert of the rows that the migration made.

-- keep_result --
-- Copy into plain tables the rows that a migration made.
CREATE SCHEMA floor;
CREATE TABLE floor.students AS SELECT * FROM public.students;
CREATE TABLE floor.sessions AS SELECT * FROM public.sessions;
CREATE TABLE floor.step_progress AS SELECT * FROM public.step_progress;

-- empty_unified --
-- Empty the unified tables; events refuse this unless stepwise.removal is set.
SET stepwise.removal = 'benchmark';
TRUNCATE public.students, public.sessions, public.events CASCADE;
RESET stepwise.removal;

-- insert_students --
-- Insert the kept students.
INSERT INTO public.students SELECT * FROM floor.students;

-- insert_sessions --
-- Insert the kept sessions.
INSERT INTO public.sessions SELECT * FROM floor.sessions;

-- insert_step_progress --
-- Insert the kept steps.
INSERT INTO public.step_progress SELECT * FROM floor.step_progress;
