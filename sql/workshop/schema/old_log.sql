-- Copies the rows of the old log function's `students` and `events`, which adopt.sql renamed. The
-- comment of the renamed table holds the number of the last event that was copied, so that the script
-- can be repeated: after a downgrade the old function may have written more.

SELECT set_config('lock_timeout', '5s', true);

-- Return the name of the first of these columns that a table has.
CREATE OR REPLACE FUNCTION pg_temp.first_column(p_table REGCLASS, p_names TEXT[]) RETURNS TEXT
LANGUAGE sql STABLE AS $$
  SELECT actual FROM unnest(p_names) WITH ORDINALITY AS listed (name, place),
    LATERAL (SELECT public.older_column(p_table, name) AS actual) AS present
  WHERE actual IS NOT NULL ORDER BY place LIMIT 1
$$;

-- Return the SQL expression of a time; a time without time zone is UTC.
CREATE OR REPLACE FUNCTION pg_temp.time_expression(p_table REGCLASS, p_names TEXT[]) RETURNS TEXT
LANGUAGE sql STABLE AS $$
  SELECT coalesce((
    SELECT CASE atttypid WHEN 'timestamp'::regtype THEN format('%I AT TIME ZONE ''UTC''', attname)
        WHEN 'timestamptz'::regtype THEN quote_ident(attname)
        WHEN 'date'::regtype THEN format('%I::timestamp AT TIME ZONE ''UTC''', attname) END
    FROM pg_catalog.pg_attribute
    WHERE attrelid = p_table AND attname = pg_temp.first_column(p_table, p_names)), 'NULL::timestamptz')
$$;

-- Return the SQL expression of a text; null without such a column.
CREATE OR REPLACE FUNCTION pg_temp.text_expression(p_table REGCLASS, p_names TEXT[]) RETURNS TEXT
LANGUAGE sql STABLE AS $$
  SELECT coalesce(quote_ident(pg_temp.first_column(p_table, p_names)), 'NULL') || '::text'
$$;

-- Return the JSON object that a text holds, also within JSON strings; any other value becomes the
-- member `value` of an object, and null an empty object.
CREATE OR REPLACE FUNCTION pg_temp.as_object(p_text TEXT) RETURNS JSONB
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  v_value JSONB := p_text::jsonb;
BEGIN
  WHILE jsonb_typeof(v_value) = 'string' LOOP
    v_value := (v_value #>> '{}')::jsonb;
  END LOOP;
  RETURN CASE WHEN v_value IS NULL OR v_value = 'null' THEN '{}'
    WHEN jsonb_typeof(v_value) = 'object' THEN v_value ELSE jsonb_build_object('value', v_value) END;
EXCEPTION WHEN data_exception THEN RETURN jsonb_build_object('value', p_text);
END $$;

-- Return the e-mail under which a person of the old table is stored.
CREATE OR REPLACE FUNCTION pg_temp.person_of(p_email TEXT, p_number TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(substring(public.normalized_email(p_email) FROM '^[^@\s]+@[^@\s]+$'),
    public.anonymous_email('old log, student ' || p_number))
$$;

DO $$
DECLARE
  v_table RECORD;
  v_people TEXT;
  v_columns TEXT;
  v_unknown TEXT;
  v_students BIGINT;
  v_sessions BIGINT;
  v_events BIGINT;
  v_last BIGINT;
BEGIN
  -- The people, by their numbers, of the table `students` that was renamed last.
  CREATE TEMP TABLE old_people (number BIGINT, email TEXT) ON COMMIT DROP;
  FOR v_table IN
    SELECT c.oid::regclass AS relation, c.relname FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname ~ '^students_backup_[0-9]+$'
      AND obj_description(c.oid, 'pg_class') ~ '^old log, copied to [0-9]+$'
    ORDER BY c.relname
  LOOP
    TRUNCATE pg_temp.old_people;
    v_people := format('pg_temp.person_of(%s, student_id::text)',
      pg_temp.text_expression(v_table.relation, '{student_email,email}'));
    EXECUTE format('INSERT INTO pg_temp.old_people SELECT student_id, %s FROM %s', v_people,
      v_table.relation);
    EXECUTE format('INSERT INTO public.students (student_email, student_name, github_username,
        twilio_account_sid, created_at, updated_at)
      SELECT email, max(name), max(github), max(account), coalesce(min(created), now()),
        coalesce(max(updated), min(created), now())
      FROM (SELECT %s AS email, nullif(btrim(%s), '''') AS name, %s AS github, %s AS account,
          %s AS created, %s AS updated FROM %s) AS old
      WHERE NOT EXISTS (SELECT FROM public.removals AS r WHERE r.kind = ''student''
        AND r.name_sha256 = public.removal_key(email))
      GROUP BY email ON CONFLICT ON CONSTRAINT students_student_email_key DO NOTHING', v_people,
      pg_temp.text_expression(v_table.relation, '{student_name,name}'),
      pg_temp.text_expression(v_table.relation, '{github_username}'),
      pg_temp.text_expression(v_table.relation, '{twilio_account_sid}'),
      pg_temp.time_expression(v_table.relation, '{created_at,first_seen}'),
      pg_temp.time_expression(v_table.relation, '{updated_at,last_seen,last_activity}'),
      v_table.relation);
    GET DIAGNOSTICS v_students = ROW_COUNT;
    SELECT string_agg(attname, ', ' ORDER BY attnum) INTO v_columns
      FROM pg_catalog.pg_attribute WHERE attrelid = v_table.relation AND attnum > 0
        AND NOT attisdropped AND attname <> ALL ('{student_id,student_email,email,student_name,name,
          github_username,twilio_account_sid,created_at,first_seen,updated_at,last_seen,
          last_activity}'::text[]);
    IF v_students > 0 THEN
      RAISE NOTICE 'public.students: added from %, a table of the old log; people: %',
        v_table.relname, v_students USING ERRCODE = 'SW001';
      IF v_columns IS NOT NULL THEN
        RAISE NOTICE 'public.students: columns that only % has, and that stay there: %',
          v_table.relname, v_columns USING ERRCODE = 'SW001';
      END IF;
    END IF;
  END LOOP;

  FOR v_table IN
    SELECT c.oid::regclass AS relation, c.relname,
      substring(obj_description(c.oid, 'pg_class') FROM '[0-9]+$')::bigint AS copied
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname ~ '^events_backup_[0-9]+$'
      AND obj_description(c.oid, 'pg_class') ~ '^old log, copied to [0-9]+$'
    ORDER BY c.relname
  LOOP
    SELECT string_agg(format('CASE WHEN %1$I IS NULL THEN ''{}'' '
        'ELSE jsonb_build_object(%1$L, to_jsonb(%1$I)) END', attname), ' || ')
      INTO v_unknown
      FROM pg_catalog.pg_attribute WHERE attrelid = v_table.relation AND attnum > 0
        AND NOT attisdropped AND attname <> ALL (ARRAY(
          SELECT pg_temp.first_column(v_table.relation, names::text[]) FROM (VALUES
            ('{event_id,id}'), ('{student_id}'), ('{session_token}'), ('{event_type,type}'),
            ('{event_data,data}'), ('{created_at,timestamp}')) AS read (names)
          WHERE pg_temp.first_column(v_table.relation, names::text[]) IS NOT NULL));
    EXECUTE format('CREATE TEMP TABLE old_events ON COMMIT DROP AS
      SELECT %1$I::bigint AS number, p.email, %2$s AS session_token,
        coalesce(%3$s, ''step_progress'') AS event_type,
        pg_temp.as_object(%4$s) || coalesce(nullif(jsonb_build_object(''_legacy'', %5$s),
          ''{"_legacy": {}}''), ''{}'') AS event_data, coalesce(%6$s, now()) AS created_at
      FROM %7$s AS e LEFT JOIN pg_temp.old_people AS p ON p.number::text = %8$s
      WHERE %1$I > %9$s', pg_temp.first_column(v_table.relation, '{event_id,id}'),
      pg_temp.text_expression(v_table.relation, '{session_token}'),
      pg_temp.text_expression(v_table.relation, '{event_type,type}'),
      pg_temp.text_expression(v_table.relation, '{event_data,data}'),
      coalesce(v_unknown, '''{}''::jsonb'),
      pg_temp.time_expression(v_table.relation, '{created_at,timestamp}'), v_table.relation,
      pg_temp.text_expression(v_table.relation, '{student_id}'), v_table.copied);
    DELETE FROM pg_temp.old_events AS o USING public.removals AS r
      WHERE r.kind = 'session' AND r.name_sha256 = public.removal_key(o.session_token)
        OR r.kind = 'student' AND r.name_sha256 = public.removal_key(o.email);
    -- An event without a token, or with one too long for an index, belongs to its person only.
    UPDATE pg_temp.old_events SET session_token = NULL
      WHERE btrim(session_token, E' \t\r\n') = '' OR octet_length(session_token) > 2600;
    INSERT INTO public.sessions (session_token, student_id, started_at, last_activity, created_at,
        updated_at)
      SELECT session_token, coalesce(
          (SELECT student_id FROM public.students WHERE student_email = max(o.email)),
          public.open_student(public.anonymous_email(session_token), NULL)),
        min(created_at), max(created_at), min(created_at), max(created_at)
      FROM pg_temp.old_events AS o
      WHERE session_token IS NOT NULL
        AND NOT EXISTS (SELECT FROM public.sessions AS s WHERE s.session_token = o.session_token)
      GROUP BY session_token;
    GET DIAGNOSTICS v_sessions = ROW_COUNT;
    INSERT INTO public.events (student_id, session_token, event_type, event_data, created_at)
      SELECT coalesce(st.student_id, s.student_id), o.session_token, o.event_type, o.event_data,
        o.created_at
      FROM pg_temp.old_events AS o
      LEFT JOIN public.students AS st ON st.student_email = o.email
      LEFT JOIN public.sessions AS s ON s.session_token = o.session_token
      ORDER BY o.number;
    GET DIAGNOSTICS v_events = ROW_COUNT;
    SELECT max(number) INTO v_last FROM pg_temp.old_events;
    DROP TABLE pg_temp.old_events;
    IF v_events > 0 THEN
      EXECUTE format('COMMENT ON TABLE %s IS %L', v_table.relation, 'old log, copied to ' || v_last);
      RAISE NOTICE 'public.events: added from %, a table of the old log; events: %, sessions: %',
        v_table.relname, v_events, v_sessions USING ERRCODE = 'SW001';
    END IF;
  END LOOP;
  DROP TABLE pg_temp.old_people;
END $$;

DROP FUNCTION pg_temp.first_column(REGCLASS, TEXT[]), pg_temp.time_expression(REGCLASS, TEXT[]),
  pg_temp.text_expression(REGCLASS, TEXT[]), pg_temp.as_object(TEXT), pg_temp.person_of(TEXT, TEXT);
