-- Copies topics, prerequisites, concepts and questions of the live learning system; see adopt.sql and
-- copy_people.sql. The functions are temporary.

CREATE OR REPLACE FUNCTION pg_temp.copy_topics() RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v RECORD;
  v_reason TEXT;
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, o.name, learning.fixed_uuid('topics', pg_temp.read_id(o.parent_id)) AS parent_id,
    pg_temp.read_number(o.exam_weightage) AS exam_weightage,
    pg_temp.read_number(o.estimated_hours) AS estimated_hours, o.description,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    CASE
      WHEN o.fault IS NOT NULL THEN o.fault
      WHEN o.name IS NULL THEN 'name is missing'
      WHEN (pg_temp.read_number(o.exam_weightage) BETWEEN 0 AND 100) IS NOT TRUE
      THEN 'exam_weightage is not 0 to 100'
      WHEN (pg_temp.read_number(o.estimated_hours) > 0) IS NOT TRUE
      THEN 'estimated_hours is not above 0' END AS fault,
    array_remove(ARRAY[
      CASE WHEN o.parent_id IS NOT NULL AND pg_temp.read_id(o.parent_id) IS NULL
        THEN 'parent_id is not that of an adopted topic, so it is null' END], NULL) AS repairs
  FROM pg_temp.old_topics AS o;
  INSERT INTO learning.topics (id, former_id, name, exam_weightage, estimated_hours, description,
    created_at, updated_at, extra)
  SELECT r.id, r.former_id, r.name, r.exam_weightage, r.estimated_hours, r.description,
    coalesce(r.created_at, now()), coalesce(r.updated_at, now()), r.extra
  FROM pg_temp.read_rows AS r WHERE r.fault IS NULL;
  -- A parent that would close a cycle is left out: in each cycle, the parent of the topic with the greatest id.
  FOR v IN
    SELECT r.former_id, r.id, r.parent_id FROM pg_temp.read_rows AS r
    WHERE r.fault IS NULL AND r.parent_id IS NOT NULL ORDER BY r.former_id
  LOOP
    v_reason := CASE
      WHEN v.parent_id = v.id THEN 'a topic was its own parent, so parent_id is null'
      WHEN NOT EXISTS (SELECT FROM learning.topics AS t WHERE t.id = v.parent_id)
      THEN 'parent_id is not that of an adopted topic, so it is null'
      WHEN EXISTS (
        WITH RECURSIVE above (id) AS (
          SELECT v.parent_id
          UNION SELECT t.parent_id FROM above JOIN learning.topics AS t ON t.id = above.id
            AND t.parent_id IS NOT NULL)
        SELECT FROM above WHERE above.id = v.id)
      THEN 'the parents formed a cycle, so parent_id is null' END;
    IF v_reason IS NULL THEN
      UPDATE learning.topics SET parent_id = v.parent_id WHERE id = v.id;
    ELSE
      UPDATE pg_temp.read_rows AS r SET repairs = array_append(r.repairs, v_reason)
        WHERE r.former_id = v.former_id AND r.fault IS NULL;
    END IF;
  END LOOP;
  PERFORM pg_temp.report_rows('topics');
  IF EXISTS (SELECT FROM pg_temp.read_rows AS r WHERE r.fault IS NULL) THEN
    PERFORM pg_temp.normalize_weightages();
  END IF;
  DROP TABLE pg_temp.read_rows;
END
$$;

-- Scale the weightages of all topics so that they add up to 100; stated_weightage keeps the unscaled values.
-- If they did not add up to 100, the weightage of an adopted topic is taken to include those of its children:
-- only the excess is its own, and only that is kept in stated_weightage, so that a later change of the
-- syllabus does not count the children again.
CREATE OR REPLACE FUNCTION pg_temp.normalize_weightages() RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v_sum DOUBLE PRECISION;
  v_own_sum DOUBLE PRECISION;
  v_parents BIGINT;
BEGIN
  SELECT sum(coalesce(t.stated_weightage, t.exam_weightage)) INTO v_sum FROM learning.topics AS t;
  IF abs(v_sum - 100) < 0.01 THEN
    RETURN;
  END IF;
  CREATE TEMPORARY TABLE own_weightages AS
  SELECT t.id, coalesce(t.stated_weightage, t.exam_weightage) AS given,
    greatest(0, coalesce(t.stated_weightage, t.exam_weightage) - coalesce((
      SELECT sum(c.exam_weightage) FROM pg_temp.read_rows AS r JOIN learning.topics AS c ON c.id = r.id
      WHERE r.fault IS NULL AND c.parent_id = t.id), 0)) AS own
  FROM learning.topics AS t;
  SELECT sum(w.own), count(*) FILTER (WHERE w.own < w.given) INTO v_own_sum, v_parents
    FROM pg_temp.own_weightages AS w;
  IF v_own_sum > 0 THEN
    UPDATE learning.topics AS t
      SET stated_weightage = w.own, exam_weightage = least(100, w.own * 100 / v_own_sum)
      FROM pg_temp.own_weightages AS w WHERE w.id = t.id;
    RAISE NOTICE 'learning.topics: the weightages added up to %, not 100; they were scaled, and '
      'stated_weightage keeps them unscaled', round(v_sum::NUMERIC, 2) USING ERRCODE = 'SW001';
  ELSE
    RAISE NOTICE 'learning.topics: the weightages add up to %, so that no topic is worth any marks; set them',
      round(v_sum::NUMERIC, 2) USING ERRCODE = 'SW001';
  END IF;
  IF v_parents > 0 THEN
    RAISE NOTICE 'learning.topics: a weightage that includes those of the topic''s children counts only with '
      'its excess over these; topics: %', v_parents USING ERRCODE = 'SW001';
  END IF;
  DROP TABLE pg_temp.own_weightages;
END
$$;

CREATE OR REPLACE FUNCTION pg_temp.copy_topic_prerequisites() RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v RECORD;
  v_reason TEXT;
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, topic.id AS topic_id, prerequisite.id AS prerequisite_topic_id,
    least(100, greatest(0, coalesce(pg_temp.read_number(o.minimum_mastery), 60))) AS minimum_mastery,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    CASE
      WHEN o.fault IS NOT NULL THEN o.fault
      WHEN topic.id IS NULL THEN 'topic_id is not that of an adopted topic'
      WHEN prerequisite.id IS NULL THEN 'prerequisite_topic_id is not that of an adopted topic'
      WHEN topic.id = prerequisite.id THEN 'the topic is its own prerequisite'
      WHEN o.minimum_mastery IS NOT NULL AND pg_temp.read_number(o.minimum_mastery) IS NULL
      THEN 'minimum_mastery is not a number' END AS fault,
    array_remove(ARRAY[
      CASE WHEN pg_temp.read_number(o.minimum_mastery) < 0 THEN 'minimum_mastery below 0 became 0' END,
      CASE WHEN pg_temp.read_number(o.minimum_mastery) > 100
        THEN 'minimum_mastery above 100 became 100' END], NULL) AS repairs
  FROM pg_temp.old_topic_prerequisites AS o
  LEFT JOIN learning.topics AS topic
    ON topic.id = learning.fixed_uuid('topics', pg_temp.read_id(o.topic_id))
  LEFT JOIN learning.topics AS prerequisite
    ON prerequisite.id = learning.fixed_uuid('topics', pg_temp.read_id(o.prerequisite_topic_id));
  -- One row after the other, so that the newest row of a cycle is the one that is refused.
  FOR v IN SELECT * FROM pg_temp.read_rows AS r WHERE r.fault IS NULL ORDER BY r.former_id LOOP
    v_reason := CASE
      WHEN EXISTS (
        SELECT FROM learning.topic_prerequisites AS p
        WHERE p.topic_id = v.topic_id AND p.prerequisite_topic_id = v.prerequisite_topic_id)
      THEN 'the topic has this prerequisite already'
      WHEN EXISTS (
        WITH RECURSIVE needed (id) AS (
          SELECT v.prerequisite_topic_id
          UNION SELECT p.prerequisite_topic_id FROM needed
            JOIN learning.topic_prerequisites AS p ON p.topic_id = needed.id)
        SELECT FROM needed WHERE needed.id = v.topic_id)
      THEN 'it closes a cycle of prerequisites' END;
    IF v_reason IS NOT NULL THEN
      UPDATE pg_temp.read_rows AS r SET fault = v_reason
        WHERE r.former_id = v.former_id AND r.fault IS NULL;
    ELSE
      INSERT INTO learning.topic_prerequisites (id, former_id, topic_id, prerequisite_topic_id,
        minimum_mastery, created_at, updated_at, extra)
      VALUES (v.id, v.former_id, v.topic_id, v.prerequisite_topic_id, v.minimum_mastery,
        coalesce(v.created_at, now()), coalesce(v.updated_at, now()), v.extra);
    END IF;
  END LOOP;
  PERFORM pg_temp.report_rows('topic_prerequisites');
  DROP TABLE pg_temp.read_rows;
END
$$;

CREATE OR REPLACE FUNCTION pg_temp.copy_concepts() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, t.id AS topic_id, o.name, o.description,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    CASE
      WHEN o.fault IS NOT NULL THEN o.fault
      WHEN t.id IS NULL THEN 'topic_id is not that of an adopted topic'
      WHEN o.name IS NULL THEN 'name is missing' END AS fault,
    '{}'::TEXT[] AS repairs
  FROM pg_temp.old_concepts AS o
  LEFT JOIN learning.topics AS t ON t.id = learning.fixed_uuid('topics', pg_temp.read_id(o.topic_id));
  INSERT INTO learning.concepts (id, former_id, topic_id, name, description, created_at, updated_at, extra)
  SELECT r.id, r.former_id, r.topic_id, r.name, r.description, coalesce(r.created_at, now()),
    coalesce(r.updated_at, now()), r.extra
  FROM pg_temp.read_rows AS r WHERE r.fault IS NULL;
  PERFORM pg_temp.report_rows('concepts');
  DROP TABLE pg_temp.read_rows;
END
$$;

-- The options of a question as a list of texts: null if there are none, and JSON's null if they are
-- not a list, or if a list, an object or a null is among them.
CREATE OR REPLACE FUNCTION pg_temp.read_options(p_text TEXT) RETURNS JSONB LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN btrim(p_text, E' \t\r\n') IN ('', 'null') OR p_text IS NULL OR options = 'null' THEN NULL
    WHEN jsonb_typeof(options) IS DISTINCT FROM 'array' THEN 'null'
    WHEN options @? '$[*] ? (@.type() == "object" || @.type() == "array" || @.type() == "null")' THEN 'null'
    ELSE (SELECT coalesce(jsonb_agg(value ORDER BY place), '[]')
          FROM jsonb_array_elements_text(options) WITH ORDINALITY AS element (value, place)) END
  FROM pg_temp.unwrap_json(p_text) AS options
$$;

CREATE OR REPLACE FUNCTION pg_temp.copy_questions() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMPORARY TABLE read_rows AS
  SELECT o.former_id, o.id, c.id AS concept_id, o.question_text,
    CASE
      WHEN pg_temp.read_word(o.question_type) IN ('mcq', 'multiple_choice') THEN 'mcq'
      WHEN pg_temp.read_word(o.question_type) IN ('numerical', 'numeric') THEN 'numerical'
      WHEN pg_temp.read_word(o.question_type) IN ('true_false', 'truefalse', 'boolean')
      THEN 'true_false' END AS question_type,
    pg_temp.read_options(o.options) AS options, o.correct_answer,
    pg_temp.read_word(o.difficulty) AS difficulty,
    CASE WHEN o.expected_time_seconds IS NULL THEN 120
      ELSE pg_temp.read_whole_number(o.expected_time_seconds) END AS expected_time_seconds,
    pg_temp.read_time(o.created_at) AS created_at, pg_temp.read_time(o.updated_at) AS updated_at, o.extra,
    o.fault, o.question_type AS stated_type, o.difficulty AS stated_difficulty, '{}'::TEXT[] AS repairs
  FROM pg_temp.old_questions AS o
  LEFT JOIN learning.concepts AS c ON c.id = learning.fixed_uuid('concepts', pg_temp.read_id(o.concept_id));
  UPDATE pg_temp.read_rows AS r SET
    fault = CASE
      WHEN r.fault IS NOT NULL THEN r.fault
      WHEN r.concept_id IS NULL THEN 'concept_id is not that of an adopted concept'
      WHEN r.question_text IS NULL THEN 'question_text is missing'
      WHEN r.correct_answer IS NULL THEN 'correct_answer is missing'
      WHEN r.question_type IS NULL THEN 'question_type is not mcq, numerical or true_false'
      WHEN (r.difficulty IN ('easy', 'medium', 'hard')) IS NOT TRUE
      THEN 'difficulty is not easy, medium or hard'
      WHEN (r.expected_time_seconds > 0) IS NOT TRUE THEN 'expected_time_seconds is not above 0'
      WHEN r.options = 'null' THEN 'options are not a list of texts' END,
    repairs = array_remove(ARRAY[
      CASE WHEN r.question_type <> r.stated_type THEN 'question_type in another spelling' END,
      CASE WHEN r.difficulty <> r.stated_difficulty THEN 'difficulty in another spelling' END,
      CASE WHEN r.question_type <> 'mcq' AND r.options IS NOT NULL
        THEN 'only questions of type mcq have options, so these are in the column extra' END,
      CASE WHEN r.question_type = 'mcq' AND r.options IS NULL
        THEN 'a question of type mcq has no options' END], NULL);
  INSERT INTO learning.questions (id, former_id, concept_id, question_text, question_type, options,
    correct_answer, difficulty, expected_time_seconds, created_at, updated_at, extra)
  SELECT r.id, r.former_id, r.concept_id, r.question_text, r.question_type,
    CASE WHEN r.question_type = 'mcq' THEN r.options END, r.correct_answer, r.difficulty,
    r.expected_time_seconds, coalesce(r.created_at, now()), coalesce(r.updated_at, now()),
    CASE WHEN r.question_type <> 'mcq' AND r.options IS NOT NULL
      THEN coalesce(r.extra, '{}') || jsonb_build_object('options', r.options) ELSE r.extra END
  FROM pg_temp.read_rows AS r WHERE r.fault IS NULL;
  PERFORM pg_temp.report_rows('questions');
  DROP TABLE pg_temp.read_rows;
END
$$;
