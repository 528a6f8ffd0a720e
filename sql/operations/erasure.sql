-- Queries of lib/operations/erasure/store.py. The erasure first asks which contexts have the functions
-- that it calls, because the schema of a context may be absent.

-- contexts --
-- Return which contexts have the functions that erase a person.
SELECT to_regprocedure('public.remove_student(text)') IS NOT NULL AS workshop,
  to_regprocedure('assessment.remove_students(text[])') IS NOT NULL AS assessment,
  to_regprocedure('learning.remove_person(text, uuid)') IS NOT NULL AS learning;

-- workshop_person --
-- Return the student with this id or, if there is none, with one of these e-mails.
SELECT st.student_id, st.student_email, coalesce(st.former_emails, '{}') AS former_emails
FROM public.students st
WHERE st.student_id = %(student_id)s
  OR st.student_email = ANY (%(names)s)
ORDER BY st.student_id = %(student_id)s DESC NULLS LAST, st.student_email
LIMIT 1;

-- remove_workshop_student --
-- Remove everything about a person from the workshop and from the legacy tables.
SELECT * FROM public.remove_student(%(student_email)s);

-- test_ids --
-- Return the ids under which a person took tests.
SELECT assessment.ids_of(%(names)s);

-- remove_test_students --
-- Remove everything about the students with these ids from the assessment.
SELECT * FROM assessment.remove_students(%(ids)s);

-- remove_planner_user --
-- Remove everything about the user with this name or id from the study planner.
SELECT * FROM learning.remove_person(%(username)s, %(person_id)s);
