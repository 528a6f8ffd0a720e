-- Removal of a person from the learning context by an operator, from the tables that were set aside, too.

-- Hashes of the ids of users and students who were removed for good, since a backup or a table of
-- the live system may still contain their rows. An id is never given twice.
CREATE TABLE IF NOT EXISTS stepwise.removed_learners (
  id_sha256 BYTEA CONSTRAINT removed_learners_pkey PRIMARY KEY,  -- of the UUID as text
  removed_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Delete rows of a table that was set aside, if it and the column exist; return their number.
CREATE OR REPLACE FUNCTION learning.remove_set_aside(
  p_schema TEXT, p_table TEXT, p_column TEXT, p_ids TEXT[]
) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  v_rows BIGINT := 0;
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = to_regclass(format('%I.%I', p_schema, p_table)) AND a.attname = p_column
      AND NOT a.attisdropped)
  THEN
    EXECUTE format('DELETE FROM %I.%I WHERE %I::TEXT = ANY ($1)', p_schema, p_table, p_column) USING p_ids;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
  END IF;
  RETURN v_rows;
EXCEPTION WHEN integrity_constraint_violation THEN
  RAISE EXCEPTION '%.% has rows of this person to which another table refers', p_schema, p_table
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'older_table_refuses';
END
$$;

-- Return the values of p_column in those rows of a set-aside table whose p_where is one of p_values.
CREATE OR REPLACE FUNCTION learning.find_set_aside(
  p_schema TEXT, p_table TEXT, p_column TEXT, p_where TEXT, p_values TEXT[]
) RETURNS TEXT[] LANGUAGE plpgsql AS $$
DECLARE
  v_values TEXT[];
BEGIN
  IF (SELECT count(DISTINCT a.attname) < cardinality(ARRAY(SELECT DISTINCT unnest(ARRAY[p_column, p_where])))
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = to_regclass(format('%I.%I', p_schema, p_table))
        AND a.attname IN (p_column, p_where) AND NOT a.attisdropped)
  THEN
    RETURN '{}';
  END IF;
  EXECUTE format('SELECT coalesce(array_agg(%I::TEXT), ''{}'') FROM %I.%I WHERE %I::TEXT = ANY ($1)', p_column,
    p_schema, p_table, p_where) INTO v_values USING p_values;
  RETURN v_values;
END
$$;

-- Remove the user with this name, or the user or student with this id, with all their data; return
-- the number of rows of each kind.
CREATE OR REPLACE FUNCTION learning.remove_person(p_username TEXT, p_id UUID)
RETURNS TABLE (users BIGINT, profiles BIGINT, attempts BIGINT, mastery BIGINT, plans BIGINT, marks BIGINT,
  tokens BIGINT, sync_operations BIGINT, set_aside BIGINT)
LANGUAGE plpgsql AS $$
DECLARE
  v_users UUID[];
  v_students UUID[];
  v_names TEXT[];
  v_old_users TEXT[];
  v_old_students TEXT[];
  v_schema TEXT;
  v_table TEXT;
  v_schema_users TEXT[];
  v_schema_students TEXT[];
BEGIN
  SELECT coalesce(array_agg(u.id), '{}'), coalesce(array_agg(u.former_id::TEXT), '{}'),
      coalesce(array_agg(u.username), '{}')
    INTO v_users, v_old_users, v_names
    FROM learning.users AS u
    WHERE u.username = p_username OR u.id = p_id
      OR u.id IN (SELECT p.user_id FROM learning.student_profiles AS p WHERE p.id = p_id);
  PERFORM FROM learning.users AS u WHERE u.id = ANY (v_users) ORDER BY u.id FOR UPDATE;
  SELECT coalesce(array_agg(p.id), '{}'), coalesce(array_agg(p.former_id::TEXT), '{}')
    INTO v_students, v_old_students
    FROM learning.student_profiles AS p WHERE p.user_id = ANY (v_users) OR p.id = p_id;
  PERFORM FROM learning.student_profiles AS p WHERE p.id = ANY (v_students) ORDER BY p.id FOR UPDATE;

  -- Adopted operations belong to no student, but their data may name one.
  DELETE FROM learning.sync_operations AS o
    WHERE o.student_id = ANY (v_students)
      OR o.student_id IS NULL AND (
        o.data ->> 'student_id' = ANY (v_old_students || v_students::TEXT[])
        OR o.data ->> 'user_id' = ANY (v_old_users || v_users::TEXT[])
        OR o.data ->> 'username' = ANY (v_names)
        OR o.table_name = 'student_profiles' AND o.record_id = ANY (v_old_students || v_students::TEXT[])
        OR o.table_name = 'users' AND o.record_id = ANY (v_old_users || v_users::TEXT[]));
  GET DIAGNOSTICS sync_operations = ROW_COUNT;
  DELETE FROM learning.question_attempts AS a WHERE a.student_id = ANY (v_students);
  GET DIAGNOSTICS attempts = ROW_COUNT;
  DELETE FROM learning.concept_mastery AS m WHERE m.student_id = ANY (v_students);
  GET DIAGNOSTICS mastery = ROW_COUNT;
  DELETE FROM learning.study_plans AS s WHERE s.student_id = ANY (v_students);
  GET DIAGNOSTICS plans = ROW_COUNT;
  DELETE FROM learning.concept_skills AS c WHERE c.student_id = ANY (v_students);
  DELETE FROM learning.student_skills AS k WHERE k.student_id = ANY (v_students);
  DELETE FROM learning.plan_arms AS b WHERE b.student_id = ANY (v_students);
  DELETE FROM learning.sync_changes AS g WHERE g.student_id = ANY (v_students);
  DELETE FROM learning.sync_counters AS n WHERE n.student_id = ANY (v_students);
  DELETE FROM learning.sync_devices AS d WHERE d.student_id = ANY (v_students);
  DELETE FROM learning.exam_marks AS e WHERE e.student_id = ANY (v_students);
  GET DIAGNOSTICS marks = ROW_COUNT;
  DELETE FROM learning.refresh_tokens AS r WHERE r.user_id = ANY (v_users);
  GET DIAGNOSTICS tokens = ROW_COUNT;
  DELETE FROM learning.student_profiles AS p WHERE p.id = ANY (v_students);
  GET DIAGNOSTICS profiles = ROW_COUNT;
  DELETE FROM learning.users AS u WHERE u.id = ANY (v_users);
  GET DIAGNOSTICS users = ROW_COUNT;

  set_aside := 0;
  FOR v_schema IN
    SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.nspname ~ '^learning_set_aside_[0-9_]+$'
  LOOP
    -- Several old users may have had the name. Those who are still in learning.users were adopted
    -- under other names, and are other people.
    v_schema_users := v_old_users || v_users::TEXT[] || ARRAY(
      SELECT old.id FROM unnest(learning.find_set_aside(v_schema, 'users', 'id', 'username',
        ARRAY[p_username])) AS old (id)
      WHERE NOT EXISTS (SELECT FROM learning.users AS u WHERE old.id IN (u.former_id::TEXT, u.id::TEXT)));
    v_schema_students := v_old_students || v_students::TEXT[]
      || learning.find_set_aside(v_schema, 'student_profiles', 'id', 'user_id', v_schema_users);
    FOREACH v_table IN ARRAY ARRAY['question_attempts', 'concept_mastery', 'concept_skills', 'student_skills',
      'study_plans', 'exam_marks', 'plan_arms', 'sync_operations', 'sync_changes', 'sync_counters',
      'sync_devices']
    LOOP
      set_aside := set_aside + learning.remove_set_aside(v_schema, v_table, 'student_id', v_schema_students);
    END LOOP;
    set_aside := set_aside
      + learning.remove_old_changes(v_schema, v_schema_students, v_schema_users, v_names || p_username)
      + learning.remove_set_aside(v_schema, 'student_profiles', 'id', v_schema_students)
      + learning.remove_set_aside(v_schema, 'refresh_tokens', 'user_id', v_schema_users);
    PERFORM learning.forget_teacher(v_schema, v_schema_users);
    set_aside := set_aside + learning.remove_set_aside(v_schema, 'users', 'id', v_schema_users);
    v_users := v_users || ARRAY(SELECT learning.fixed_uuid('users', id::BIGINT)
      FROM unnest(v_schema_users) AS id WHERE id ~ '^\d{1,18}$');
    v_students := v_students || ARRAY(SELECT learning.fixed_uuid('student_profiles', id::BIGINT)
      FROM unnest(v_schema_students) AS id WHERE id ~ '^\d{1,18}$');
  END LOOP;
  INSERT INTO stepwise.removed_learners AS r (id_sha256)
    SELECT DISTINCT sha256(convert_to(id::TEXT, 'UTF8')) FROM unnest(v_users || v_students) AS id
    ON CONFLICT ON CONSTRAINT removed_learners_pkey DO UPDATE SET removed_at = now();
  RETURN NEXT;
END
$$;

-- Delete a person's operations from the live system's table sync_operations, whose data is JSON as text.
CREATE OR REPLACE FUNCTION learning.remove_old_changes(
  p_schema TEXT, p_students TEXT[], p_users TEXT[], p_names TEXT[]
) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  v_ids TEXT[] := '{}';
  v RECORD;
  v_data JSONB;
BEGIN
  IF to_regclass(format('%I.sync_operations', p_schema)) IS NULL THEN
    RETURN 0;
  END IF;
  FOR v IN EXECUTE format('SELECT id::TEXT AS id, table_name::TEXT AS table_name, record_id::TEXT AS record_id,
    data::TEXT AS data FROM %I.sync_operations', p_schema)
  LOOP
    BEGIN
      v_data := v.data::JSONB;
      IF jsonb_typeof(v_data) = 'string' THEN
        v_data := (v_data #>> '{}')::JSONB;
      END IF;
    EXCEPTION WHEN data_exception THEN
      v_data := NULL;
    END;
    IF v_data ->> 'student_id' = ANY (p_students) OR v_data ->> 'user_id' = ANY (p_users)
      OR v_data ->> 'username' = ANY (p_names)
      OR v.table_name = 'student_profiles' AND v.record_id = ANY (p_students)
      OR v.table_name = 'users' AND v.record_id = ANY (p_users)
    THEN
      v_ids := v_ids || v.id;
    END IF;
  END LOOP;
  RETURN learning.remove_set_aside(p_schema, 'sync_operations', 'id', v_ids);
END
$$;

-- Remove a teacher from the classes in a schema that was set aside.
CREATE OR REPLACE FUNCTION learning.forget_teacher(p_schema TEXT, p_users TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  IF learning.find_set_aside(p_schema, 'classes', 'id', 'teacher_id', p_users) <> '{}' THEN
    EXECUTE format('UPDATE %I.classes SET teacher_id = NULL WHERE teacher_id::TEXT = ANY ($1)', p_schema)
      USING p_users;
  END IF;
EXCEPTION WHEN integrity_constraint_violation THEN
  RAISE EXCEPTION '%.classes requires a teacher for each class, and this person is the teacher of one', p_schema
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'older_table_refuses';
END
$$;

-- Remove, after a restore, the people who were removed after the backup was written; return their number.
CREATE OR REPLACE FUNCTION learning.remove_again() RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  v_ids UUID[];
BEGIN
  SELECT coalesce(array_agg(DISTINCT people.person), '{}') INTO v_ids
    FROM (
      SELECT u.id, u.id AS person FROM learning.users AS u
      UNION ALL SELECT p.id, coalesce(p.user_id, p.id) FROM learning.student_profiles AS p
    ) AS people
    JOIN stepwise.removed_learners AS r ON r.id_sha256 = sha256(convert_to(people.id::TEXT, 'UTF8'));
  PERFORM learning.remove_person(NULL, id) FROM unnest(v_ids) AS id;
  RETURN cardinality(v_ids);
END
$$;
