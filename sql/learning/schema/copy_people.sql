-- Copies users, classes and students of the live learning system; see adopt.sql. The functions are
-- temporary. Each reads its rows into pg_temp.read_rows, with what keeps a row from being adopted (`fault`)
-- and what had to be changed (`repairs`).

CREATE OR REPLACE FUNCTION pg_temp.copy_users() RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v RECORD;
  v_suffix INT;
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, o.username,
    -- bcrypt, the live system's base64 of a salt and PBKDF2 (32 bytes each), or Argon2
    CASE WHEN o.password_hash ~ '^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$'
      OR o.password_hash ~ '^[A-Za-z0-9+/]{85}[AQgw]==$'
      OR o.password_hash ~ '^\$argon2(id|i|d)\$' THEN o.password_hash END AS password_hash,
    pg_temp.read_word(o.role) AS role, pg_temp.read_time(o.last_login) AS last_login,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    CASE
      WHEN o.fault IS NOT NULL THEN o.fault
      WHEN o.username IS NULL THEN 'username is missing'
      WHEN pg_temp.read_word(o.role) IN ('student', 'teacher', 'admin') THEN NULL
      ELSE 'role is not student, teacher or admin' END AS fault,
    array_remove(ARRAY[
      CASE WHEN pg_temp.read_word(o.role) <> o.role THEN 'role in another spelling' END], NULL) AS repairs
  FROM pg_temp.old_users AS o;
  UPDATE pg_temp.read_rows AS r
    SET repairs = array_append(r.repairs, 'password_hash is not a hash of a known form, so a new password is needed')
    FROM pg_temp.old_users AS o
    WHERE o.former_id = r.former_id AND r.password_hash IS NULL AND o.password_hash IS NOT NULL;
  FOR v IN
    SELECT r.former_id, r.username FROM pg_temp.read_rows AS r
    WHERE r.fault IS NULL AND (
      EXISTS (SELECT FROM learning.users AS u WHERE u.username = r.username)
      OR EXISTS (SELECT FROM pg_temp.read_rows AS first
        WHERE first.fault IS NULL AND first.username = r.username AND first.former_id < r.former_id))
    ORDER BY r.former_id
  LOOP
    v_suffix := 2;
    WHILE EXISTS (SELECT FROM learning.users AS u WHERE u.username = v.username || '-' || v_suffix)
      OR EXISTS (SELECT FROM pg_temp.read_rows AS r WHERE r.username = v.username || '-' || v_suffix)
    LOOP
      v_suffix := v_suffix + 1;
    END LOOP;
    UPDATE pg_temp.read_rows AS r SET username = r.username || '-' || v_suffix,
        repairs = array_append(r.repairs, format('username is another user''s, so -%s was added', v_suffix))
      WHERE r.former_id = v.former_id AND r.fault IS NULL;
  END LOOP;
  INSERT INTO learning.users (id, former_id, username, password_hash, role, last_login, created_at,
    updated_at, extra)
  SELECT r.id, r.former_id, r.username, r.password_hash, r.role, r.last_login, coalesce(r.created_at, now()),
    coalesce(r.updated_at, now()), r.extra
  FROM pg_temp.read_rows AS r WHERE r.fault IS NULL;
  PERFORM pg_temp.report_rows('users');
  DROP TABLE pg_temp.read_rows;
END
$$;

CREATE OR REPLACE FUNCTION pg_temp.copy_classes() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, o.name, u.id AS teacher_id, pg_temp.read_grade(o.grade) AS grade,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    CASE
      WHEN o.fault IS NOT NULL THEN o.fault
      WHEN o.name IS NULL THEN 'name is missing'
      WHEN pg_temp.read_grade(o.grade) IS NULL THEN 'grade is not 1 to 12' END AS fault,
    array_remove(ARRAY[
      CASE WHEN u.id IS NULL AND o.teacher_id IS NOT NULL
        THEN 'teacher_id is not that of an adopted user, so it is null' END], NULL) AS repairs
  FROM pg_temp.old_classes AS o
  LEFT JOIN learning.users AS u ON u.id = learning.fixed_uuid('users', pg_temp.read_id(o.teacher_id));
  INSERT INTO learning.classes (id, former_id, name, teacher_id, grade, created_at, updated_at, extra)
  SELECT r.id, r.former_id, r.name, r.teacher_id, r.grade, coalesce(r.created_at, now()),
    coalesce(r.updated_at, now()), r.extra
  FROM pg_temp.read_rows AS r WHERE r.fault IS NULL;
  PERFORM pg_temp.report_rows('classes');
  DROP TABLE pg_temp.read_rows;
END
$$;

CREATE OR REPLACE FUNCTION pg_temp.copy_student_profiles() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, u.id AS user_id, c.id AS class_id, pg_temp.read_grade(o.grade) AS grade,
    o.target_exam, pg_temp.read_time(o.exam_date) AS exam_date,
    CASE WHEN o.available_hours_per_day IS NULL THEN 3.0
      ELSE pg_temp.read_number(o.available_hours_per_day) END AS available_hours_per_day,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    CASE
      WHEN o.fault IS NOT NULL THEN o.fault
      WHEN o.target_exam IS NULL THEN 'target_exam is missing'
      WHEN pg_temp.read_grade(o.grade) IS NULL THEN 'grade is not 1 to 12'
    END AS fault,
    array_remove(ARRAY[
      CASE WHEN u.id IS NULL THEN 'user_id is not that of an adopted user, so it is null' END,
      CASE WHEN c.id IS NULL AND o.class_id IS NOT NULL
        THEN 'class_id is not that of an adopted class, so it is null' END,
      CASE WHEN o.exam_date IS NOT NULL AND pg_temp.read_time(o.exam_date) IS NULL
        THEN 'exam_date is not a time, so it is null' END], NULL) AS repairs
  FROM pg_temp.old_student_profiles AS o
  LEFT JOIN learning.users AS u ON u.id = learning.fixed_uuid('users', pg_temp.read_id(o.user_id))
  LEFT JOIN learning.classes AS c ON c.id = learning.fixed_uuid('classes', pg_temp.read_id(o.class_id));
  UPDATE pg_temp.read_rows SET fault = 'available_hours_per_day is not above 0 and at most 24'
    WHERE fault IS NULL
      AND (available_hours_per_day > 0 AND available_hours_per_day <= 24) IS NOT TRUE;
  UPDATE pg_temp.read_rows AS r SET user_id = NULL,
      repairs = array_append(r.repairs, 'user_id is that of another student, too, so it is null')
    WHERE r.fault IS NULL AND (
      EXISTS (SELECT FROM learning.student_profiles AS p WHERE p.user_id = r.user_id)
      OR EXISTS (SELECT FROM pg_temp.read_rows AS first WHERE first.fault IS NULL
        AND first.user_id = r.user_id AND first.former_id < r.former_id));
  INSERT INTO learning.student_profiles (id, former_id, user_id, grade, target_exam, exam_date,
    available_hours_per_day, class_id, created_at, updated_at, extra)
  SELECT r.id, r.former_id, r.user_id, r.grade, r.target_exam, r.exam_date, r.available_hours_per_day,
    r.class_id, coalesce(r.created_at, now()), coalesce(r.updated_at, now()), r.extra
  FROM pg_temp.read_rows AS r WHERE r.fault IS NULL;
  PERFORM pg_temp.report_rows('student_profiles');
  DROP TABLE pg_temp.read_rows;
END
$$;
