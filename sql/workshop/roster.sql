-- Queries of lib/workshop/roster/store.py.

-- import_roster --
-- Enroll people in a course (null: the built-in one); return the outcome for each line.
SELECT line, outcome, other_name
FROM public.import_roster(coalesce(%(course_id)s::TEXT, public.default_course()), %(lines)s);
