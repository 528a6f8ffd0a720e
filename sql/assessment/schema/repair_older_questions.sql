-- Repair questions that an older deployment wrote and that no pool has adopted yet, where the repair is
-- unambiguous. set_aside_rows keeps the original of a changed question, and pg_temp.repairs names the
-- question for the pool's report. upgrade_older_tables.sql, which runs next in the same transaction,
-- adopts the questions and uses the functions of this script.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

-- The standard normal distribution function, by its power series; exact to 1e-15 for |x| < 6.
CREATE OR REPLACE FUNCTION pg_temp.normal_cdf(x DOUBLE PRECISION) RETURNS DOUBLE PRECISION
LANGUAGE plpgsql AS $$
DECLARE
  term DOUBLE PRECISION := x;
  total DOUBLE PRECISION := x;
  n INT := 1;
BEGIN
  IF abs(x) >= 6 THEN
    RETURN CASE WHEN x > 0 THEN 1 ELSE 0 END;
  END IF;
  WHILE abs(term) > 1e-17 LOOP
    n := n + 2;
    term := term * x * x / n;
    total := total + term;
  END LOOP;
  RETURN 0.5 + total * exp(-x * x / 2) / sqrt(2 * pi());
END
$$;

CREATE OR REPLACE FUNCTION pg_temp.norm(weights DOUBLE PRECISION[]) RETURNS DOUBLE PRECISION
LANGUAGE sql AS $$
  SELECT sqrt(sum(w * w)) FROM unnest(weights) AS w
$$;

-- A text without the blanks around it, whatever their kind.
CREATE OR REPLACE FUNCTION pg_temp.stripped(value TEXT) RETURNS TEXT LANGUAGE sql AS $$
  SELECT regexp_replace(value,
    '^[\s\u00A0\u2000-\u200B\u3000\uFEFF]+|[\s\u00A0\u2000-\u200B\u3000\uFEFF]+$', '', 'g')
$$;

-- The value of JSON that is wrapped in a JSON string, at most twice.
CREATE OR REPLACE FUNCTION pg_temp.unwrapped(value JSONB) RETURNS JSONB LANGUAGE plpgsql AS $$
BEGIN
  FOR n IN 1..2 LOOP
    EXIT WHEN jsonb_typeof(value) <> 'string' OR value #>> '{}' !~ '^\s*[\[{"]';
    value := (value #>> '{}')::JSONB;
  END LOOP;
  RETURN value;
EXCEPTION WHEN data_exception THEN
  RETURN value;
END
$$;

-- The text of an option that is a text, another value, or an object with a text.
CREATE OR REPLACE FUNCTION pg_temp.text_of(item JSONB) RETURNS TEXT LANGUAGE sql AS $$
  SELECT CASE jsonb_typeof(item)
    WHEN 'object' THEN coalesce(item ->> 'text', item ->> 'content', item ->> 'value')
    WHEN 'array' THEN NULL
    ELSE item #>> '{}' END
$$;

-- Options in order, with the keys by which an answer may name them: a list of texts, of other values, of
-- objects with an id and a text or with a key and its text, or an object.
CREATE OR REPLACE FUNCTION pg_temp.options_of(options JSONB)
RETURNS TABLE (place BIGINT, key TEXT, text TEXT) LANGUAGE sql AS $$
  WITH input AS (SELECT pg_temp.unwrapped(options) AS value)
  SELECT o.place,
    CASE WHEN jsonb_typeof(o.item) = 'object'
      THEN coalesce(o.item ->> 'id', o.item ->> 'key', o.item ->> 'label', single.key) END,
    coalesce(pg_temp.text_of(o.item), pg_temp.text_of(single.value))
  FROM input
  CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE '[]' END)
    WITH ORDINALITY AS o (item, place)
  LEFT JOIN LATERAL (
    SELECT max(m.key) AS key, (array_agg(m.value))[1] AS value
    FROM jsonb_each(CASE jsonb_typeof(o.item) WHEN 'object' THEN o.item ELSE '{}' END) AS m
    HAVING count(*) = 1
  ) AS single ON TRUE
  UNION ALL
  SELECT row_number() OVER (ORDER BY m.key), m.key, pg_temp.text_of(m.value)
  FROM input, jsonb_each(CASE jsonb_typeof(value) WHEN 'object' THEN value ELSE '{}' END) AS m
$$;

-- The options as a list of texts; null if there are none, or one has no text.
CREATE OR REPLACE FUNCTION pg_temp.texts_of(options JSONB) RETURNS JSONB LANGUAGE sql AS $$
  SELECT CASE WHEN bool_and(o.text IS NOT NULL) THEN jsonb_agg(o.text ORDER BY o.place) END
  FROM pg_temp.options_of(options) AS o
$$;

-- The option that an answer names: by its text (if need be, ignoring blanks and case), by its key, or by
-- a letter; null if it names none or several.
CREATE OR REPLACE FUNCTION pg_temp.right_option(options JSONB, answer TEXT) RETURNS TEXT
LANGUAGE sql AS $$
  WITH input AS (
    SELECT o.place, o.key, o.text, a.answer, pg_temp.stripped(a.answer) AS bare,
      lower(substring(pg_temp.stripped(a.answer) FROM '^\(?([A-Za-z])[.):]?$')) AS letter
    FROM pg_temp.options_of(options) AS o,
      (SELECT pg_temp.unwrapped(to_jsonb(answer)) #>> '{}' AS answer) AS a
  ), candidates AS (
    SELECT 1 AS rule, text FROM input WHERE text = answer
    UNION ALL SELECT 2, text FROM input WHERE pg_temp.stripped(text) = bare
    UNION ALL SELECT 3, text FROM input WHERE lower(pg_temp.stripped(text)) = lower(bare)
    UNION ALL SELECT 4, text FROM input WHERE lower(pg_temp.stripped(key)) = lower(bare)
    UNION ALL SELECT 5, text FROM input WHERE place = ascii(letter) - ascii('a') + 1
  )
  SELECT min(text) FROM candidates GROUP BY rule HAVING count(DISTINCT text) = 1
  ORDER BY rule LIMIT 1
$$;

-- The index of the right option of a question that can be asked: its options are at least two texts, and
-- exactly one of them is the answer.
CREATE OR REPLACE FUNCTION pg_temp.right_index(options JSONB, answer TEXT) RETURNS INT
LANGUAGE sql AS $$
  SELECT CASE WHEN count(*) > 1 AND bool_and(jsonb_typeof(o.item) = 'string')
      AND count(*) FILTER (WHERE o.item = to_jsonb(answer)) = 1
    THEN min(o.place) FILTER (WHERE o.item = to_jsonb(answer)) - 1 END
  FROM jsonb_array_elements(CASE jsonb_typeof(options) WHEN 'array' THEN options ELSE '[]' END)
    WITH ORDINALITY AS o (item, place)
$$;

-- A Q-matrix row as JSON numbers: JSON in a string is unwrapped, a number in a string becomes a number, and
-- true counts as 1.
CREATE OR REPLACE FUNCTION pg_temp.weights_of(concepts JSONB) RETURNS JSONB LANGUAGE sql AS $$
  SELECT CASE jsonb_typeof(value) WHEN 'array' THEN (
    SELECT coalesce(jsonb_agg(
      CASE item WHEN 'true' THEN '1'::JSONB WHEN 'false' THEN '0'
        ELSE coalesce(to_jsonb(pg_temp.to_number(item #>> '{}')), item) END ORDER BY place), '[]')
    FROM jsonb_array_elements(value) WITH ORDINALITY AS e (item, place)) ELSE value END
  FROM (SELECT pg_temp.unwrapped(concepts) AS value) AS input
$$;

-- A Q-matrix row as numbers; null unless it is a list of 1 to 32 numbers, none below 0, at least
-- one above 0, and none too small or too large to compute the norm of the row.
CREATE OR REPLACE FUNCTION pg_temp.q_row(concepts JSONB) RETURNS DOUBLE PRECISION[]
LANGUAGE plpgsql AS $$
DECLARE
  weights DOUBLE PRECISION[];
BEGIN
  IF jsonb_typeof(concepts) <> 'array' OR jsonb_array_length(concepts) NOT BETWEEN 1 AND 32
    OR jsonb_path_exists(concepts, 'strict $[*] ? (@.type() != "number" || @ < 0
      || (@ > 0 && @ < 0.000001) || @ > 1000000)')
  THEN
    RETURN NULL;
  END IF;
  SELECT array_agg(w.weight::DOUBLE PRECISION ORDER BY w.place) INTO weights
  FROM jsonb_array_elements_text(concepts) WITH ORDINALITY w (weight, place);
  RETURN CASE WHEN 0 < ANY (weights) THEN weights END;
END
$$;

-- The Q-matrix row of a question without concepts: weight 1 for the first concept and 0 for the others, in
-- a row as long as most others of its pool.
CREATE OR REPLACE FUNCTION pg_temp.first_concept(in_pool UUID) RETURNS JSONB LANGUAGE sql AS $$
  SELECT jsonb_agg(CASE n WHEN 1 THEN 1 ELSE 0 END ORDER BY n)
  FROM generate_series(1, coalesce((
    SELECT mode() WITHIN GROUP (ORDER BY cardinality(pg_temp.q_row(q.concepts)))
    FROM assessment.questions AS q WHERE q.pool_id = in_pool AND pg_temp.q_row(q.concepts) IS NOT NULL
  ), 1)) AS n
$$;

DROP TABLE IF EXISTS pg_temp.repairs;
CREATE TEMPORARY TABLE repairs (question_id VARCHAR, pool_id UUID, what TEXT);

-- Change questions, and set aside copies of them as they were. In `p_condition` and `p_change`, q is the
-- question.
CREATE OR REPLACE FUNCTION pg_temp.repair(p_what TEXT, p_condition TEXT, p_change TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  v_rows BIGINT;
BEGIN
  EXECUTE format($query$
    WITH changed AS MATERIALIZED (
      SELECT q.id, q.pool_id, to_jsonb(q) AS row_data FROM assessment.questions AS q
      WHERE q.position IS NULL AND (%1$s)
    ), kept AS (
      INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)
      SELECT 'questions', %2$L, row_data FROM changed
    ), named AS (
      INSERT INTO pg_temp.repairs SELECT id, pool_id, %2$L FROM changed
    )
    UPDATE assessment.questions AS q SET %3$s FROM changed WHERE changed.id = q.id
  $query$, p_condition, p_what, p_change);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  IF v_rows > 0 THEN
    RAISE NOTICE 'assessment.questions: %; rows: %. assessment.set_aside_rows has them as they were',
      p_what, v_rows USING ERRCODE = 'SW001';
  END IF;
END
$$;

DO $$
DECLARE
  -- STEEPEST, FLATTEST (probits) and LARGEST_LOCATION (standard deviations) of
  -- lib/engine/calibration/parameters.py
  steepest CONSTANT TEXT := '2.35';
  flattest CONSTANT TEXT := '0.05';
  furthest CONSTANT TEXT := '4.5';
  in_logits CONSTANT TEXT := 'pg_temp.q_row(q.concepts) IS NOT NULL AND q.pool_id IN ('
    || 'SELECT o.pool_id FROM assessment.questions AS o'
    || ' WHERE o.position IS NULL AND (o.difficulty <= 0 OR o.difficulty >= 1))';
  steepness CONSTANT TEXT :=
    '(coalesce(q.discrimination, 1) * pg_temp.norm(pg_temp.q_row(q.concepts)))';
  pool RECORD;
BEGIN
  IF NOT EXISTS (SELECT FROM assessment.questions WHERE position IS NULL) THEN
    RETURN;
  END IF;
  PERFORM pg_temp.repair('the options were read as a list of texts',
    $sql$ q.options <> pg_temp.texts_of(q.options) $sql$,
    $sql$ options = pg_temp.texts_of(q.options),
      correct_answer = coalesce(pg_temp.right_option(q.options, q.correct_answer), q.correct_answer) $sql$);
  PERFORM pg_temp.repair('options that were not a list became the only option',
    $sql$ jsonb_typeof(q.options) <> 'array' $sql$,
    $sql$ options = jsonb_build_array(q.options #>> '{}') $sql$);
  PERFORM pg_temp.repair('the right answer was found among the options',
    $sql$ q.correct_answer <> pg_temp.right_option(q.options, q.correct_answer) $sql$,
    $sql$ correct_answer = pg_temp.right_option(q.options, q.correct_answer) $sql$);
  PERFORM pg_temp.repair('the concepts were read as weights',
    $sql$ q.concepts <> pg_temp.weights_of(q.concepts) $sql$,
    $sql$ concepts = pg_temp.weights_of(q.concepts) $sql$);
  PERFORM pg_temp.repair('a question without concepts was assigned to the first one',
    $sql$ q.concepts = '[]' $sql$,
    $sql$ concepts = pg_temp.first_concept(q.pool_id) $sql$);
  PERFORM pg_temp.repair('a difficulty that is not a number was left out',
    $sql$ q.difficulty::TEXT IN ('NaN', 'Infinity', '-Infinity') $sql$, 'difficulty = NULL');
  PERFORM pg_temp.repair('a discrimination that is not a number above 0 counts as 1',
    $sql$ NOT q.discrimination > 0 OR q.discrimination::TEXT IN ('NaN', 'Infinity') $sql$,
    'discrimination = 1');
  -- A pool is in logits if one of its difficulties is not a percentile: P = 1 / (1 + exp(b - a q·θ)), so that
  -- 1.702 times the discrimination is a‖q‖, and the difficulty is the percentile of b / (a‖q‖).
  PERFORM pg_temp.repair('a difficulty beyond the range of any pool was moved to its limit',
    in_logits || format(' AND abs(q.difficulty) > %s * %s', furthest, steepness),
    format('difficulty = sign(q.difficulty) * %s * %s', furthest, steepness));
  PERFORM pg_temp.repair('the parameters were converted from logits', in_logits,
    format('difficulty = pg_temp.normal_cdf(coalesce(q.difficulty, 0)::DOUBLE PRECISION / %1$s),'
      || ' discrimination = %1$s / 1.702', steepness));
  FOR pool IN
    SELECT r.pool_id, count(*) AS questions FROM pg_temp.repairs AS r
    WHERE r.what = 'the parameters were converted from logits' GROUP BY r.pool_id
  LOOP
    RAISE NOTICE 'assessment.question_pools: % is in logits, because it has a difficulty outside 0 to 1; '
      'questions converted: %', pool.pool_id, pool.questions USING ERRCODE = 'SW001';
  END LOOP;
  PERFORM pg_temp.repair('a discrimination too high for any question was lowered',
    'q.discrimination > ' || steepest, 'discrimination = ' || steepest);
  PERFORM pg_temp.repair('a discrimination too low to distinguish students was raised',
    'q.discrimination < ' || flattest, 'discrimination = ' || flattest);
END
$$;
