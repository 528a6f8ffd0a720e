-- Copies answers, mastery, plans and sync operations of the live learning system; see adopt.sql and
-- copy_people.sql. The functions are temporary.

CREATE OR REPLACE FUNCTION pg_temp.copy_question_attempts() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, s.id AS student_id, q.id AS question_id, o.answer,
    pg_temp.read_boolean(o.is_correct) AS is_correct,
    pg_temp.read_number(o.time_taken_seconds) AS time_taken_seconds,
    pg_temp.read_whole_number(o.confidence) AS confidence,
    -- An answer without a time gets the newest time of the answers before it, or now.
    coalesce(read.timestamp, max(read.timestamp) OVER (ORDER BY o.former_id), now()) AS timestamp,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    CASE
      WHEN o.fault IS NOT NULL THEN o.fault
      WHEN s.id IS NULL THEN 'student_id is not that of an adopted student'
      WHEN q.id IS NULL THEN 'question_id is not that of an adopted question'
      WHEN o.answer IS NULL THEN 'answer is missing'
      WHEN pg_temp.read_boolean(o.is_correct) IS NULL THEN 'is_correct is neither true nor false'
      WHEN (pg_temp.read_number(o.time_taken_seconds) > 0) IS NOT TRUE
      THEN 'time_taken_seconds is not above 0'
      WHEN o.confidence IS NOT NULL
        AND (pg_temp.read_whole_number(o.confidence) BETWEEN 1 AND 5) IS NOT TRUE
      THEN 'confidence is not 1 to 5' END AS fault,
    array_remove(ARRAY[
      CASE WHEN read.timestamp IS NULL
        THEN 'timestamp is missing, so the newest earlier one is used, or the time of the upgrade' END
    ], NULL) AS repairs
  FROM pg_temp.old_question_attempts AS o
  CROSS JOIN LATERAL (SELECT pg_temp.read_time(o.timestamp) AS timestamp) AS read
  LEFT JOIN learning.student_profiles AS s
    ON s.id = learning.fixed_uuid('student_profiles', pg_temp.read_id(o.student_id))
  LEFT JOIN learning.questions AS q
    ON q.id = learning.fixed_uuid('questions', pg_temp.read_id(o.question_id));
  INSERT INTO learning.question_attempts (id, former_id, student_id, question_id, answer, is_correct,
    time_taken_seconds, confidence, timestamp, synced, created_at, updated_at, extra)
  SELECT r.id, r.former_id, r.student_id, r.question_id, r.answer, r.is_correct, r.time_taken_seconds,
    r.confidence, r.timestamp, TRUE, coalesce(r.created_at, now()), coalesce(r.updated_at, now()), r.extra
  FROM pg_temp.read_rows AS r WHERE r.fault IS NULL;
  PERFORM pg_temp.report_rows('question_attempts');
  DROP TABLE pg_temp.read_rows;
END
$$;

-- The newest row of a student and a concept counts, whether it is in the live system's table or in
-- learning.concept_mastery.
CREATE OR REPLACE FUNCTION pg_temp.copy_concept_mastery() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, s.id AS student_id, c.id AS concept_id,
    greatest(0, coalesce(pg_temp.read_whole_number(o.total_attempts), 0)) AS total_attempts,
    greatest(0, coalesce(pg_temp.read_whole_number(o.correct_attempts), 0)) AS correct_attempts,
    greatest(0, coalesce(pg_temp.read_number(o.avg_time_seconds), 0)) AS avg_time_seconds,
    greatest(0, coalesce(pg_temp.read_number(o.avg_confidence), 0)) AS avg_confidence,
    least(100, greatest(0, coalesce(pg_temp.read_number(o.mastery_score), 0))) AS mastery_score,
    pg_temp.read_time(o.last_updated) AS last_updated,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    CASE
      WHEN o.fault IS NOT NULL THEN o.fault
      WHEN s.id IS NULL THEN 'student_id is not that of an adopted student'
      WHEN c.id IS NULL THEN 'concept_id is not that of an adopted concept' END AS fault,
    array_remove(ARRAY[
      CASE WHEN pg_temp.read_number(o.mastery_score) < 0 THEN 'mastery_score below 0 became 0' END,
      CASE WHEN pg_temp.read_number(o.mastery_score) > 100 THEN 'mastery_score above 100 became 100' END,
      CASE WHEN o.mastery_score IS NOT NULL AND pg_temp.read_number(o.mastery_score) IS NULL
        THEN 'mastery_score is not a number, so it is 0' END], NULL) AS repairs
  FROM pg_temp.old_concept_mastery AS o
  LEFT JOIN learning.student_profiles AS s
    ON s.id = learning.fixed_uuid('student_profiles', pg_temp.read_id(o.student_id))
  LEFT JOIN learning.concepts AS c ON c.id = learning.fixed_uuid('concepts', pg_temp.read_id(o.concept_id));
  UPDATE pg_temp.read_rows AS r SET fault = 'a newer row has the same student and concept'
    FROM (
      SELECT d.former_id, row_number() OVER (PARTITION BY d.student_id, d.concept_id
        ORDER BY d.last_updated DESC NULLS LAST, d.former_id DESC) AS place
      FROM pg_temp.read_rows AS d WHERE d.fault IS NULL) AS ordered
    WHERE r.fault IS NULL AND ordered.former_id = r.former_id AND ordered.place > 1;
  UPDATE pg_temp.read_rows AS r
    SET repairs = array_append(
        r.repairs, 'correct_attempts exceeded total_attempts, so it was lowered to total_attempts'),
      correct_attempts = r.total_attempts
    WHERE r.fault IS NULL AND r.correct_attempts > r.total_attempts;
  -- A row that exists here, adopted before a downgrade or made here, is replaced only by a newer one.
  DELETE FROM pg_temp.read_rows AS r USING learning.concept_mastery AS m
    WHERE r.fault IS NULL AND m.student_id = r.student_id AND m.concept_id = r.concept_id
      AND (r.last_updated > coalesce(m.last_updated, '-infinity')) IS NOT TRUE;
  UPDATE learning.concept_mastery AS m SET total_attempts = r.total_attempts,
      correct_attempts = r.correct_attempts, avg_time_seconds = r.avg_time_seconds,
      avg_confidence = r.avg_confidence, mastery_score = r.mastery_score, last_updated = r.last_updated,
      updated_at = now()
    FROM pg_temp.read_rows AS r
    WHERE r.fault IS NULL AND m.student_id = r.student_id AND m.concept_id = r.concept_id;
  INSERT INTO learning.concept_mastery (id, former_id, student_id, concept_id, total_attempts,
    correct_attempts, avg_time_seconds, avg_confidence, mastery_score, last_updated, created_at, updated_at,
    extra)
  SELECT r.id, r.former_id, r.student_id, r.concept_id, r.total_attempts, r.correct_attempts,
    r.avg_time_seconds, r.avg_confidence, r.mastery_score, r.last_updated, coalesce(r.created_at, now()),
    coalesce(r.updated_at, now()), r.extra
  FROM pg_temp.read_rows AS r
  WHERE r.fault IS NULL AND NOT EXISTS (
    SELECT FROM learning.concept_mastery AS m
    WHERE m.student_id = r.student_id AND m.concept_id = r.concept_id)
    AND NOT EXISTS (SELECT FROM learning.concept_mastery AS m WHERE m.id = r.id);
  PERFORM pg_temp.report_rows('concept_mastery');
  DROP TABLE pg_temp.read_rows;
END
$$;

CREATE OR REPLACE FUNCTION pg_temp.copy_study_plans() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, s.id AS student_id,
    CASE pg_temp.read_word(o.plan_type) WHEN 'exam' THEN 'exam_countdown'
      ELSE pg_temp.read_word(o.plan_type) END AS plan_type,
    pg_temp.read_time(o.start_date) AS start_date, pg_temp.read_time(o.end_date) AS end_date,
    CASE jsonb_typeof(read.topics) WHEN 'array' THEN jsonb_build_object('topics', read.topics)
      ELSE read.topics END AS topics,
    coalesce(pg_temp.read_boolean(o.is_active), TRUE) AS is_active,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    o.fault, o.plan_type AS stated_type, '{}'::TEXT[] AS repairs
  FROM pg_temp.old_study_plans AS o
  CROSS JOIN LATERAL (SELECT pg_temp.unwrap_json(o.topics) AS topics) AS read
  LEFT JOIN learning.student_profiles AS s
    ON s.id = learning.fixed_uuid('student_profiles', pg_temp.read_id(o.student_id));
  UPDATE pg_temp.read_rows AS r SET
    fault = CASE
      WHEN r.fault IS NOT NULL THEN r.fault
      WHEN r.student_id IS NULL THEN 'student_id is not that of an adopted student'
      WHEN (r.plan_type IN ('daily', 'weekly', 'exam_countdown')) IS NOT TRUE
      THEN 'plan_type is not daily, weekly or exam_countdown'
      WHEN r.start_date IS NULL THEN 'start_date is missing or not a time'
      WHEN r.end_date IS NULL THEN 'end_date is missing or not a time'
      WHEN r.end_date < r.start_date THEN 'end_date is before start_date'
      WHEN jsonb_typeof(r.topics) IS DISTINCT FROM 'object' THEN 'topics are neither a JSON object nor a list' END,
    repairs = array_remove(ARRAY[
      CASE WHEN r.plan_type <> r.stated_type THEN 'plan_type in another spelling' END], NULL);
  INSERT INTO learning.study_plans (id, former_id, student_id, plan_type, start_date, end_date, topics,
    is_active, created_at, updated_at, extra)
  SELECT r.id, r.former_id, r.student_id, r.plan_type, r.start_date, r.end_date, r.topics, r.is_active,
    coalesce(r.created_at, now()), coalesce(r.updated_at, now()), r.extra
  FROM pg_temp.read_rows AS r WHERE r.fault IS NULL;
  PERFORM pg_temp.report_rows('study_plans');
  DROP TABLE pg_temp.read_rows;
END
$$;

CREATE OR REPLACE FUNCTION pg_temp.copy_sync_operations() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, pg_temp.read_word(o.operation_type) AS operation_type, o.table_name, o.record_id,
    pg_temp.unwrap_json(o.data) AS data, pg_temp.read_time(o.timestamp) AS timestamp,
    coalesce(pg_temp.read_boolean(o.synced), FALSE) AS synced,
    greatest(0, coalesce(pg_temp.read_whole_number(o.retry_count), 0)) AS retry_count, o.last_error,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    CASE
      WHEN o.fault IS NOT NULL THEN o.fault
      WHEN (pg_temp.read_word(o.operation_type) IN ('create', 'update', 'delete')) IS NOT TRUE
      THEN 'operation_type is not create, update or delete'
      WHEN o.table_name IS NULL THEN 'table_name is missing'
      WHEN o.record_id IS NULL THEN 'record_id is missing'
      WHEN jsonb_typeof(pg_temp.unwrap_json(o.data)) IS DISTINCT FROM 'object'
      THEN 'data is not a JSON object' END AS fault,
    array_remove(ARRAY[
      CASE WHEN pg_temp.read_word(o.operation_type) <> o.operation_type
        THEN 'operation_type in another spelling' END,
      CASE WHEN pg_temp.read_time(o.timestamp) IS NULL
        THEN 'timestamp is missing, so the time of the upgrade counts' END], NULL) AS repairs
  FROM pg_temp.old_sync_operations AS o;
  INSERT INTO learning.sync_operations (id, former_id, student_id, operation_type, table_name, record_id,
    data, timestamp, synced, retry_count, last_error, created_at, updated_at, extra)
  SELECT r.id, r.former_id, NULL, r.operation_type, r.table_name, r.record_id, r.data,
    coalesce(r.timestamp, now()), r.synced, r.retry_count, r.last_error, coalesce(r.created_at, now()),
    coalesce(r.updated_at, now()), r.extra
  FROM pg_temp.read_rows AS r WHERE r.fault IS NULL;
  PERFORM pg_temp.report_rows('sync_operations');
  DROP TABLE pg_temp.read_rows;
END
$$;
