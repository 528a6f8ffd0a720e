-- Changes of students by operators. The script runs in one execute, after removals.sql.

-- Change an e-mail in the rows of the legacy tables, so that a further migration does not restore the
-- old one; return the number of rows.
CREATE OR REPLACE FUNCTION public.change_older_emails(p_email TEXT, p_new_email TEXT) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
  v_table RECORD;
  v_rows BIGINT;
  v_total BIGINT := 0;
BEGIN
  FOR v_table IN
    SELECT table_name, coalesce(public.older_column(relation, CASE table_name
        WHEN 'workshop_sessions' THEN 'student_id' ELSE 'student_email' END),
      public.older_column(relation, 'student_email')) AS email_column
    FROM public.older_tables(),
      LATERAL (SELECT to_regclass(format('public.%I', table_name)) AS relation) AS present
    WHERE email <> 'NULL::text'
  LOOP
    BEGIN
      EXECUTE format('UPDATE public.%1$I SET %2$I = $2 '
        'WHERE public.normalized_email(%2$I::text) = $1', v_table.table_name, v_table.email_column)
        USING p_email, p_new_email;
      GET DIAGNOSTICS v_rows = ROW_COUNT;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation
        OR object_not_in_prerequisite_state OR feature_not_supported THEN
      PERFORM public.refuse_older_change(v_table.table_name, SQLSTATE);
    END;
    v_total := v_total + v_rows;
  END LOOP;
  RETURN v_total;
END $$;

-- Change the e-mail of the student with this id, with this e-mail, or with both. Sessions and their
-- tokens stay, and their pages may still send the former e-mail. Return no row if there is no such student.
CREATE OR REPLACE FUNCTION public.change_email(
  p_student_id UUID, p_student_email TEXT, p_new_email TEXT
) RETURNS TABLE (student_id UUID, student_email TEXT, sessions BIGINT, older_rows BIGINT)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  v_new TEXT := public.normalized_email(p_new_email);
  v_before public.students;
BEGIN
  SELECT * INTO v_before FROM public.students st
    WHERE st.student_id = coalesce(p_student_id, (
        SELECT o.student_id FROM public.students o
        WHERE o.student_email = public.normalized_email(p_student_email)))
      AND (p_student_email IS NULL OR st.student_email = public.normalized_email(p_student_email))
    FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  student_id := v_before.student_id;
  student_email := v_new;
  SELECT count(*) INTO sessions FROM public.sessions s WHERE s.student_id = v_before.student_id;
  older_rows := 0;
  IF v_new <> v_before.student_email THEN
    BEGIN
      UPDATE public.students st SET student_email = v_new, former_emails = (
          SELECT array_agg(DISTINCT email) FROM unnest(st.former_emails || st.student_email) AS email
          WHERE email <> v_new AND position('@' IN email) > 0)
        WHERE st.student_id = v_before.student_id;
    EXCEPTION WHEN unique_violation THEN
      RAISE EXCEPTION 'another student has this e-mail'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'students_email_of_another';
    END;
    IF position('@' IN v_before.student_email) > 0 THEN
      older_rows := public.change_older_emails(v_before.student_email, v_new);
    END IF;
    -- A restore would otherwise remove the student, as somebody who was removed under this e-mail.
    DELETE FROM public.removals WHERE kind = 'student' AND name_sha256 = public.removal_key(v_new);
    INSERT INTO public.events (student_id, event_type, event_data)
      VALUES (v_before.student_id, 'email_changed', '{"by": "operator"}');
  END IF;
  RETURN NEXT;
END $$;

-- Return the student with this id, with this e-mail, or with both; null if there is none.
CREATE OR REPLACE FUNCTION public.find_student(p_student_id UUID, p_student_email TEXT) RETURNS UUID
LANGUAGE sql STABLE AS $$
  SELECT student_id FROM public.students
  WHERE (p_student_id IS NOT NULL OR p_student_email IS NOT NULL)
    AND (p_student_id IS NULL OR student_id = p_student_id)
    AND (p_student_email IS NULL OR student_email = public.normalized_email(p_student_email))
$$;

-- Rename a student. Return no row if there is no such student.
CREATE OR REPLACE FUNCTION public.rename_student(
  p_student_id UUID, p_student_email TEXT, p_new_name TEXT
) RETURNS TABLE (student_id UUID, student_name TEXT)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
BEGIN
  UPDATE public.students st SET student_name = p_new_name
    WHERE st.student_id = public.find_student(p_student_id, p_student_email)
    RETURNING st.student_id, st.student_name INTO student_id, student_name;
  IF FOUND THEN
    INSERT INTO public.events (student_id, event_type, event_data)
      VALUES (rename_student.student_id, 'student_renamed', '{"by": "operator"}');
    RETURN NEXT;
  END IF;
END $$;

-- Merge a student into another one: move all rows, then remove the merged student. Like reports and
-- remove_student(), it locks sessions before students, and each in the order of their keys, so that two
-- merges cannot deadlock. Return no row if one of the students does not exist.
CREATE OR REPLACE FUNCTION public.merge_students(
  p_keep_id UUID, p_keep_email TEXT, p_merge_id UUID, p_merge_email TEXT
) RETURNS TABLE (
  student_id UUID, student_email TEXT, sessions BIGINT, enrollments BIGINT, older_rows BIGINT
) LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  v_keep_id UUID := public.find_student(p_keep_id, p_keep_email);
  v_merge_id UUID := public.find_student(p_merge_id, p_merge_email);
  v_keep public.students;
  v_merge public.students;
BEGIN
  PERFORM FROM public.sessions s WHERE s.student_id IN (v_keep_id, v_merge_id)
    ORDER BY s.session_token FOR UPDATE;
  PERFORM FROM public.students st WHERE st.student_id IN (v_keep_id, v_merge_id)
    ORDER BY st.student_id FOR UPDATE;
  SELECT * INTO v_keep FROM public.students st WHERE st.student_id = v_keep_id;
  SELECT * INTO v_merge FROM public.students st WHERE st.student_id = v_merge_id;
  IF v_keep.student_id IS NULL OR v_merge.student_id IS NULL THEN
    RETURN;
  END IF;
  IF v_keep_id = v_merge_id OR v_keep.student_email LIKE 'anonymous\_%'
     OR position('@' IN v_keep.student_email) = 0 AND position('@' IN v_merge.student_email) > 0 THEN
    RAISE EXCEPTION '%', CASE WHEN v_keep_id = v_merge_id THEN 'both are the same student'
        ELSE 'the student who stays has no e-mail' END
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'students_merge_refused';
  END IF;
  UPDATE public.sessions s SET student_id = v_keep_id WHERE s.student_id = v_merge_id;
  GET DIAGNOSTICS sessions = ROW_COUNT;
  UPDATE public.step_progress p SET student_id = v_keep_id WHERE p.student_id = v_merge_id;
  PERFORM set_config('stepwise.removal', 'merge', TRUE);
  UPDATE public.events e SET student_id = v_keep_id WHERE e.student_id = v_merge_id;
  PERFORM set_config('stepwise.removal', '', TRUE);
  INSERT INTO public.enrollments AS n (student_id, course_id, created_at)
    SELECT v_keep_id, o.course_id, o.created_at FROM public.enrollments o
    WHERE o.student_id = v_merge_id
    ON CONFLICT ON CONSTRAINT enrollments_pkey DO NOTHING;
  GET DIAGNOSTICS enrollments = ROW_COUNT;
  DELETE FROM public.students st WHERE st.student_id = v_merge_id;
  UPDATE public.students st SET
    student_name = coalesce(nullif(btrim(st.student_name), ''), v_merge.student_name),
    github_username = coalesce(nullif(st.github_username, ''), v_merge.github_username),
    twilio_account_sid = coalesce(nullif(st.twilio_account_sid, ''), v_merge.twilio_account_sid),
    former_emails = (
      SELECT array_agg(DISTINCT email)
      FROM unnest(st.former_emails || v_merge.former_emails || v_merge.student_email) AS email
      WHERE email <> st.student_email AND position('@' IN email) > 0)
    WHERE st.student_id = v_keep_id;
  older_rows := 0;
  IF v_merge.student_email NOT LIKE 'anonymous\_%' THEN
    older_rows := public.change_older_emails(v_merge.student_email, v_keep.student_email);
  END IF;
  -- As in change_email(): these e-mails are a student's again.
  DELETE FROM public.removals WHERE kind = 'student' AND name_sha256 IN (
    SELECT public.removal_key(email)
    FROM unnest(v_merge.former_emails || v_merge.student_email || v_keep.student_email) AS email);
  INSERT INTO public.events (student_id, event_type, event_data)
    VALUES (v_keep_id, 'students_merged', '{"by": "operator"}');
  student_id := v_keep_id;
  student_email := v_keep.student_email;
  RETURN NEXT;
END $$;

-- Give a session, with its steps and events, to an anonymous student of its own. Its former student
-- cannot claim it again (claim_session). Return the student, or null if there is no such session.
CREATE OR REPLACE FUNCTION public.detach_session(p_session_token TEXT) RETURNS UUID
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  v_former UUID;
  v_name TEXT;
  v_student UUID;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('stepwise.session.' || p_session_token, 0));
  SELECT s.student_id, s.student_name_given INTO v_former, v_name FROM public.sessions s
    WHERE s.session_token = p_session_token FOR UPDATE;
  IF v_former IS NULL THEN
    RETURN NULL;
  END IF;
  v_student := public.open_student(public.anonymous_email(p_session_token), v_name);
  IF v_student <> v_former THEN
    UPDATE public.sessions SET student_id = v_student WHERE session_token = p_session_token;
    UPDATE public.step_progress SET student_id = v_student WHERE session_token = p_session_token;
    PERFORM set_config('stepwise.removal', 'detach', TRUE);
    UPDATE public.events SET student_id = v_student WHERE session_token = p_session_token;
    PERFORM set_config('stepwise.removal', '', TRUE);
    INSERT INTO public.events (student_id, session_token, event_type, event_data)
      VALUES (v_student, p_session_token, 'session_detached',
        jsonb_build_object('by', 'operator', 'formerStudentId', v_former));
  END IF;
  RETURN v_student;
END $$;

-- Report Twilio accounts that an older application stored in plain text. They are not sealed here,
-- because the database does not have the key.
DO $$
DECLARE
  v_rows BIGINT;
BEGIN
  SELECT count(*) INTO v_rows FROM public.students
    WHERE twilio_account_sid <> '' AND position('.' IN twilio_account_sid) = 0
      AND position(':' IN twilio_account_sid) = 0;
  IF v_rows > 0 THEN
    RAISE NOTICE USING ERRCODE = 'SW001', MESSAGE = format('public.students: Twilio accounts in '
      'plain text, which admin-rotate-keys seals; rows: %s', v_rows);
  END IF;
END $$;
