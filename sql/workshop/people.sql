-- Queries of lib/workshop/people/store.py; the functions are defined in schema/students.sql.

-- rename_student --
-- Rename a student; return no row if there is no such student.
SELECT student_id, student_name
FROM public.rename_student(%(student_id)s, %(student_email)s, %(new_name)s);

-- merge_students --
-- Merge a student into another one; return no row if one of them does not exist.
SELECT student_id, student_email, sessions, enrollments, older_rows
FROM public.merge_students(%(keep_student_id)s, %(keep_student_email)s,
  %(merge_student_id)s, %(merge_student_email)s);

-- detach_session --
-- Give a session to an anonymous student; return the student, or null if there is no such session.
SELECT public.detach_session(%(session_token)s);
