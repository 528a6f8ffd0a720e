-- Removal of students and sessions by operators, from the legacy tables too. Removals are recorded,
-- because backups and tables that were set aside still contain the rows. The script runs in one
-- execute, after functions.sql.

-- Students and sessions that were removed for good, as hashes, since storing their names would
-- defeat the removal. docs/migration.md explains why the hashes are not keyed.
CREATE TABLE IF NOT EXISTS public.removals (
  kind TEXT NOT NULL CONSTRAINT removals_kind_check CHECK (kind IN (
    'session',           -- named by its token
    'student',           -- named by the e-mail, normalized
    'replaced_token')),  -- the former token of a session, see support.sql
  name_sha256 BYTEA NOT NULL,            -- removal_key() of the name
  removed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT removals_pkey PRIMARY KEY (kind, name_sha256)
);

-- Events are the history of a session. They are removed only with their session or student, or after
-- their retention time, and changed only when a session gets another student or token. The functions
-- that do so set stepwise.removal; any other script that has to do so sets it for its own transaction.
CREATE OR REPLACE FUNCTION public.refuse_event_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('stepwise.removal', TRUE), '') = '' THEN
    RAISE EXCEPTION 'rows of public.events are removed only together with their session or student, and never edited'
      USING ERRCODE = 'insufficient_privilege',
        HINT = 'POST /api/admin-delete-student removes a person, POST /api/admin-delete-sessions a session.';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE OR REPLACE TRIGGER events_never_changed BEFORE UPDATE OR DELETE ON public.events
  FOR EACH ROW EXECUTE FUNCTION public.refuse_event_change();
CREATE OR REPLACE TRIGGER events_never_truncated BEFORE TRUNCATE ON public.events
  FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_event_change();

CREATE OR REPLACE FUNCTION public.removal_key(p_name TEXT) RETURNS BYTEA
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT sha256(convert_to(p_name, 'UTF8')) $$;

-- Record removals; a repeated one gets a new time.
CREATE OR REPLACE FUNCTION public.remember_removals(p_kind TEXT, p_names TEXT[]) RETURNS VOID
LANGUAGE sql AS $$
  INSERT INTO public.removals (kind, name_sha256)
  SELECT DISTINCT p_kind, public.removal_key(name) FROM unnest(p_names) AS name
  WHERE name IS NOT NULL
  ON CONFLICT ON CONSTRAINT removals_pkey DO UPDATE SET removed_at = now()
$$;

-- Return the actual name of a column of a legacy table, which may be in camel case; null if the table
-- lacks the column.
CREATE OR REPLACE FUNCTION public.older_column(p_table REGCLASS, p_column TEXT) RETURNS TEXT
LANGUAGE sql STABLE AS $$
  SELECT attname::text FROM pg_attribute
  WHERE attrelid = p_table AND attnum > 0 AND NOT attisdropped
    AND (attname = p_column OR replace(lower(attname), '_', '') = replace(p_column, '_', ''))
  ORDER BY attname = p_column DESC, attname LIMIT 1
$$;

-- Return the legacy tables that exist, with the SQL expressions of their token and e-mail (NULL if the
-- column is missing) and whether they have a column of API keys.
CREATE OR REPLACE FUNCTION public.older_tables()
RETURNS TABLE (table_name TEXT, token TEXT, email TEXT, has_key BOOLEAN)
LANGUAGE sql STABLE AS $$
  SELECT name,
    coalesce(quote_ident(coalesce(public.older_column(relation, token_column),
      public.older_column(relation, 'session_token'))), 'NULL') || '::text',
    coalesce(quote_ident(coalesce(public.older_column(relation, email_column),
      public.older_column(relation, 'student_email'))), 'NULL') || '::text',
    public.older_column(relation, 'openai_api_key') IS NOT NULL
  FROM (VALUES
    ('workshop_students', 'session_token', 'student_email'),
    ('student_configs', 'session_token', 'student_email'),
    ('workshop_sessions', 'session_id', 'student_id')
  ) AS older (name, token_column, email_column),
  LATERAL (SELECT to_regclass(format('public.%I', name)) AS relation) AS present
  WHERE relation IS NOT NULL
$$;

-- Return the tokens of legacy rows with this e-mail.
CREATE OR REPLACE FUNCTION public.older_tokens(p_email TEXT) RETURNS TEXT[]
LANGUAGE plpgsql AS $$
DECLARE
  v_table RECORD;
  v_table_tokens TEXT[];
  v_tokens TEXT[] := '{}';
BEGIN
  FOR v_table IN SELECT * FROM public.older_tables() LOOP
    EXECUTE format('SELECT array_agg(%s) FROM public.%I WHERE public.normalized_email(%s) = $1 '
      'AND btrim(%1$s, E'' \t\r\n'') <> ''''', v_table.token, v_table.table_name, v_table.email)
      INTO v_table_tokens USING p_email;
    v_tokens := v_tokens || coalesce(v_table_tokens, '{}');
  END LOOP;
  RETURN v_tokens;
END $$;

-- Raise an error that says why a legacy table could not be changed.
CREATE OR REPLACE FUNCTION public.refuse_older_change(p_table TEXT, p_sqlstate TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'public.% %', p_table, CASE left(p_sqlstate, 2)
      WHEN '22' THEN 'has a column that cannot hold the new value'
      WHEN '23' THEN 'has a constraint that forbids the change'
      ELSE 'is a view that cannot be changed' END
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'older_table_refuses';
END $$;

-- Remove legacy rows with one of these tokens or with this e-mail; return their number. If an
-- e-mail is given, rows with another person's e-mail stay, whatever their token.
CREATE OR REPLACE FUNCTION public.remove_older_rows(p_tokens TEXT[], p_email TEXT) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
  v_table RECORD;
  v_rows BIGINT;
  v_total BIGINT := 0;
BEGIN
  FOR v_table IN SELECT * FROM public.older_tables() LOOP
    BEGIN
      EXECUTE format('DELETE FROM public.%I WHERE public.normalized_email(%s) = $2 '
        'OR %s = ANY ($1) AND ($2 IS NULL OR position(''@'' IN coalesce(%2$s, '''')) = 0)',
        v_table.table_name, v_table.email, v_table.token) USING p_tokens, p_email;
      GET DIAGNOSTICS v_rows = ROW_COUNT;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation
        OR object_not_in_prerequisite_state OR feature_not_supported THEN
      PERFORM public.refuse_older_change(v_table.table_name, SQLSTATE);
    END;
    v_total := v_total + v_rows;
  END LOOP;
  RETURN v_total;
END $$;

-- Remove the API keys of legacy rows with one of these tokens; return their number.
CREATE OR REPLACE FUNCTION public.remove_older_keys(p_tokens TEXT[]) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
  v_table RECORD;
  v_rows BIGINT;
  v_total BIGINT := 0;
BEGIN
  FOR v_table IN SELECT * FROM public.older_tables() WHERE has_key LOOP
    BEGIN
      EXECUTE format('UPDATE public.%1$I SET %3$I = NULL '
        'WHERE %2$s = ANY ($1) AND %3$I IS NOT NULL', v_table.table_name, v_table.token,
        public.older_column(to_regclass(format('public.%I', v_table.table_name)), 'openai_api_key'))
        USING p_tokens;
      GET DIAGNOSTICS v_rows = ROW_COUNT;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation
        OR object_not_in_prerequisite_state OR feature_not_supported THEN
      PERFORM public.refuse_older_change(v_table.table_name, SQLSTATE);
    END;
    v_total := v_total + v_rows;
  END LOOP;
  RETURN v_total;
END $$;

-- Remove sessions with their steps and events, and their rows of the legacy tables. Unknown tokens
-- are recorded too, because a table that was set aside may contain them.
CREATE OR REPLACE FUNCTION public.remove_sessions(p_tokens TEXT[])
RETURNS TABLE (sessions BIGINT, older_rows BIGINT) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('stepwise.removal', 'sessions', TRUE);
  DELETE FROM public.sessions s WHERE s.session_token = ANY (p_tokens);
  GET DIAGNOSTICS sessions = ROW_COUNT;
  PERFORM set_config('stepwise.removal', '', TRUE);
  older_rows := public.remove_older_rows(p_tokens, NULL);
  PERFORM public.remember_removals('session', p_tokens);
  RETURN NEXT;
END $$;

-- Remove a person with all sessions, steps and events, and their rows of the legacy tables: the rows
-- with this e-mail, and rows without an e-mail that have the token of one of the person's sessions.
-- Return the number of rows of each kind.
CREATE OR REPLACE FUNCTION public.remove_student(p_email TEXT)
RETURNS TABLE (students BIGINT, sessions BIGINT, steps BIGINT, events BIGINT, older_rows BIGINT)
LANGUAGE plpgsql AS $$
DECLARE
  v_email TEXT := public.normalized_email(p_email);
  v_student UUID;
  v_former_emails TEXT[];
  v_tokens TEXT[];
BEGIN
  -- Lock sessions before students, as reports and merge_students() do.
  PERFORM FROM public.sessions s JOIN public.students st USING (student_id)
    WHERE st.student_email = v_email ORDER BY s.session_token FOR UPDATE OF s;
  SELECT st.student_id, st.former_emails INTO v_student, v_former_emails FROM public.students st
    WHERE st.student_email = v_email FOR UPDATE;
  SELECT coalesce(array_agg(s.session_token), '{}'), count(*) INTO v_tokens, sessions
    FROM public.sessions s WHERE s.student_id = v_student;
  SELECT count(*) INTO steps FROM public.step_progress p WHERE p.student_id = v_student;
  SELECT count(*) INTO events FROM public.events e WHERE e.student_id = v_student;
  PERFORM set_config('stepwise.removal', 'student', TRUE);
  DELETE FROM public.students st WHERE st.student_id = v_student;
  GET DIAGNOSTICS students = ROW_COUNT;
  PERFORM set_config('stepwise.removal', '', TRUE);
  v_tokens := v_tokens || public.older_tokens(v_email);
  older_rows := public.remove_older_rows(v_tokens, v_email);
  IF students + older_rows > 0 THEN  -- an unknown e-mail is most likely mistyped
    -- A former e-mail may be another student's by now, whom a restore must not remove.
    PERFORM public.remember_removals('session', v_tokens),
      public.remember_removals('student', v_email || ARRAY(
        SELECT former FROM unnest(v_former_emails) AS former
        WHERE NOT EXISTS (SELECT FROM public.students st WHERE st.student_email = former)));
  END IF;
  RETURN NEXT;
END $$;

-- Remove, after a restore, the people who were removed after the backup was written; return their
-- number. Sessions that were removed without their student stay restored, and may be migrated again.
CREATE OR REPLACE FUNCTION public.remove_again() RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  v_table RECORD;
  v_emails TEXT[];
  v_table_emails TEXT[];
  v_people BIGINT;
BEGIN
  SELECT coalesce(array_agg(st.student_email), '{}') INTO v_emails
    FROM public.students st JOIN public.removals r
      ON r.kind = 'student' AND r.name_sha256 = public.removal_key(st.student_email)
    WHERE st.created_at <= r.removed_at;
  FOR v_table IN SELECT * FROM public.older_tables() LOOP
    EXECUTE format('SELECT array_agg(DISTINCT email) '
      'FROM (SELECT public.normalized_email(%s) AS email FROM public.%I) AS o '
      'JOIN public.removals r ON r.kind = ''student'' '
      'AND r.name_sha256 = public.removal_key(email) WHERE NOT EXISTS (SELECT '
      'FROM public.students st WHERE st.student_email = email AND st.created_at > r.removed_at)',
      v_table.email, v_table.table_name) INTO v_table_emails;
    v_emails := v_emails || coalesce(v_table_emails, '{}');
  END LOOP;
  SELECT count(*) INTO v_people
    FROM (SELECT DISTINCT unnest(v_emails) AS email) AS restored,
      LATERAL public.remove_student(restored.email);
  DELETE FROM public.removals r USING public.sessions s
    WHERE r.kind = 'session' AND r.name_sha256 = public.removal_key(s.session_token);
  FOR v_table IN SELECT * FROM public.older_tables() LOOP
    EXECUTE format('DELETE FROM public.removals r USING public.%I o '
      'WHERE r.kind = ''session'' AND r.name_sha256 = public.removal_key(%s)',
      v_table.table_name, v_table.token);
  END LOOP;
  RETURN v_people;
END $$;
