-- What operators change in a student. The script runs in one execute, after removals.sql.

-- Give the rows of the legacy tables another e-mail, so that a further migration does not bring the
-- old one back; return their number.
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
-- tokens stay, and may go on sending the former e-mail. Return no row if there is no such student.
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

-- Accounts in plain text, from an older application, can only be sealed by the application, which has
-- the key.
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
