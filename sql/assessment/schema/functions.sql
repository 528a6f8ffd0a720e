-- Functions and triggers of the assessment context. This file runs in one `execute` call, any
-- number of times.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

-- A question as sessions on a version of its pool show it, without correct answer or parameters.
CREATE OR REPLACE FUNCTION assessment.question_shown(question VARCHAR, pool_version INT)
RETURNS JSONB LANGUAGE sql STABLE STRICT AS $$
  SELECT jsonb_build_object(
    'id', q.id,
    'content', coalesce(r.content, q.content),
    'options', coalesce(r.options, q.options),
    'concepts', to_jsonb(i.concepts),
    'revision', i.revision
  )
  FROM assessment.questions q
  CROSS JOIN LATERAL (
    SELECT item.concepts, item.revision FROM assessment.pool_items item
    WHERE item.pool_id = q.pool_id AND item.position = q.position AND item.version <= pool_version
    ORDER BY item.version DESC LIMIT 1
  ) AS i
  LEFT JOIN assessment.question_revisions r ON r.question_id = q.id AND r.revision = i.revision
  WHERE q.id = question
$$;

-- Record an answer and return a row if the session, whose row is locked first, still waits for
-- exactly this answer; otherwise return no row. The answer, the session's totals and its end are
-- written together or not at all. `in_question_to_read` is `in_next` if the caller needs its text,
-- else null. This is a function so that a pooled connection keeps its query plans.
CREATE OR REPLACE FUNCTION assessment.record_answer(
  in_session UUID, in_pool_version INT, in_position INT, in_question VARCHAR, in_response INT,
  in_is_correct BOOLEAN, in_initial JSONB, in_proficiency JSONB, in_confidence JSONB,
  in_learning_gain DOUBLE PRECISION, in_test_efficiency DOUBLE PRECISION, in_next VARCHAR,
  in_question_to_read VARCHAR, in_end_reason TEXT, in_idle_minutes INT
) RETURNS TABLE (
  total_questions INT, correct_responses INT, last_activity TIMESTAMP, next_question JSONB
) LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  before assessment.test_sessions;
  right_now TIMESTAMP;
BEGIN
  SELECT s.* INTO before FROM assessment.test_sessions s
  WHERE s.id = in_session
    AND s.status = 'active'
    AND s.pool_version = in_pool_version
    AND s.total_questions = in_position
    AND (s.next_question_id = in_question OR s.total_questions = 0)
    AND s.last_activity > (now() AT TIME ZONE 'UTC') - make_interval(mins => in_idle_minutes)
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  right_now := clock_timestamp() AT TIME ZONE 'UTC';
  total_questions := before.total_questions + 1;
  correct_responses := before.correct_responses + in_is_correct::INT;
  last_activity := right_now;
  next_question := assessment.question_shown(in_question_to_read, in_pool_version);

  INSERT INTO assessment.test_responses (
    student_id, session_id, question_id, response, is_correct, proficiency_before,
    proficiency_after, position, next_question_id, timestamp, seconds)
  VALUES (
    before.student_id, in_session, in_question, in_response, in_is_correct,
    coalesce(before.current_proficiency, before.initial_proficiency, in_initial),
    in_proficiency, in_position, in_next, right_now,
    round(extract(epoch FROM right_now - coalesce(before.asked_at, before.last_activity)), 3));

  UPDATE assessment.test_sessions s SET
    total_questions = record_answer.total_questions,
    correct_responses = record_answer.correct_responses,
    accuracy = round(record_answer.correct_responses::DECIMAL / record_answer.total_questions, 6),
    initial_proficiency = coalesce(s.initial_proficiency, in_initial),
    current_proficiency = in_proficiency,
    current_confidence = in_confidence,
    learning_gain = in_learning_gain,
    test_efficiency = in_test_efficiency,
    next_question_id = in_next,
    asked_at = right_now,
    last_activity = right_now,
    status = CASE WHEN in_end_reason IS NULL THEN 'active' ELSE 'completed' END,
    end_reason = in_end_reason,
    completed_at = CASE WHEN in_end_reason IS NOT NULL THEN right_now END,
    final_proficiency = CASE WHEN in_end_reason IS NOT NULL THEN in_proficiency END
  WHERE s.id = in_session;
  RETURN NEXT;
END
$$;

-- Make a session's proficiency the student's long-term proficiency, however the session closes,
-- unless it is reset. An unproven proficiency never replaces a proven one. This runs as the
-- function's owner, because a role that may close sessions through a view of an older deployment
-- has no rights on the table of proficiencies.
CREATE OR REPLACE FUNCTION assessment.keep_proficiency() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO assessment.student_proficiencies AS stored
    (student_id, concept_name, proficiency_value, confidence, created_at, updated_at, proven)
  SELECT NEW.student_id, latest.concept, latest.proficiency, latest.confidence,
    NEW.last_activity, NEW.last_activity, NEW.proven
  FROM ROWS FROM (
    unnest(NEW.concept_names),
    jsonb_array_elements_text(NEW.current_proficiency),
    jsonb_array_elements_text(NEW.current_confidence)
  ) AS latest_text (concept, proficiency, confidence)
  CROSS JOIN LATERAL (
    SELECT latest_text.concept, latest_text.proficiency::DECIMAL, latest_text.confidence::DECIMAL
  ) AS latest (concept, proficiency, confidence)
  ORDER BY latest.concept  -- two sessions of a student lock the rows in the same order
  ON CONFLICT ON CONSTRAINT student_proficiencies_student_concept_key DO UPDATE SET
    proficiency_value = excluded.proficiency_value,
    confidence = excluded.confidence,
    updated_at = excluded.updated_at,
    proven = excluded.proven
  WHERE excluded.proven OR NOT stored.proven;
  RETURN NULL;
END
$$;

-- Without this, any role could attach the function to a table of its own and so write proficiencies.
REVOKE ALL ON FUNCTION assessment.keep_proficiency() FROM PUBLIC;

CREATE OR REPLACE TRIGGER test_sessions_keep_proficiency
  AFTER UPDATE OF status ON assessment.test_sessions
  FOR EACH ROW
  WHEN (OLD.status = 'active' AND NEW.status <> 'active' AND NEW.current_proficiency IS NOT NULL
    AND NEW.end_reason IS DISTINCT FROM 'reset')
  EXECUTE FUNCTION assessment.keep_proficiency();

-- Refuse a change to a row: the rows of the tables below are never changed.
CREATE OR REPLACE FUNCTION assessment.refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% rows are never changed', TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;

DO $$
DECLARE
  append_only_table TEXT;
BEGIN
  FOREACH append_only_table
    IN ARRAY ARRAY['test_responses', 'pool_items', 'question_revisions']
  LOOP
    EXECUTE format(
      'CREATE OR REPLACE TRIGGER %I BEFORE UPDATE ON assessment.%I '
      'FOR EACH ROW EXECUTE FUNCTION assessment.refuse_change()',
      append_only_table || '_never_change',
      append_only_table
    );
  END LOOP;
END
$$;

-- Close a session that is still active, with its answers so far. Answers are counted afresh because
-- sessions of older deployments have no running totals. The row is locked first, so that a
-- concurrent answer is either counted or refused.
CREATE OR REPLACE FUNCTION assessment.close_session(session UUID, new_status TEXT, reason TEXT)
RETURNS VOID LANGUAGE sql AS $$
  SELECT FROM assessment.test_sessions s WHERE s.id = session FOR UPDATE;

  UPDATE assessment.test_sessions s SET
    status = new_status,
    end_reason = reason,
    completed_at = now() AT TIME ZONE 'UTC',
    total_questions = answered.total,
    correct_responses = answered.correct,
    accuracy = coalesce(round(answered.correct::DECIMAL / nullif(answered.total, 0), 6), 0),
    final_proficiency
      = coalesce(s.current_proficiency, answered.last_proficiency, s.initial_proficiency),
    learning_gain = coalesce(s.learning_gain, CASE answered.total WHEN 0 THEN 0 END),
    test_efficiency = coalesce(s.test_efficiency, CASE answered.total WHEN 0 THEN 0 END)
  FROM (
    SELECT count(*) AS total, count(*) FILTER (WHERE r.is_correct) AS correct,
      (array_agg(r.proficiency_after ORDER BY r.position DESC NULLS LAST, r.timestamp DESC))[1]
        AS last_proficiency
    FROM assessment.test_responses r WHERE r.session_id = session
  ) AS answered
  WHERE s.id = session AND s.status = 'active';
$$;
