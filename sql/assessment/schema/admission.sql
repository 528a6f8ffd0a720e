-- Admission to tests: the rules of a pool, and by what right each session was started. This script
-- runs after the tables of older deployments have received their constraints, and may be repeated.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

-- Rules that hold for every test on the pool, whatever its version: concept_names, admission, tells,
-- starts_per_day, trains, min_questions, max_questions, stop_rules. A rule that is left out or null has
-- its default (lib/assessment/pools/rules.py).
DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute
    WHERE attrelid = 'assessment.question_pools'::regclass
      AND attname = 'rules' AND NOT attisdropped
  ) THEN
    ALTER TABLE assessment.question_pools ADD COLUMN rules JSONB NOT NULL DEFAULT '{}';
    -- Before this column, each start named the concepts. Keep the names of the earliest test with an answer,
    -- or of the earliest test if none has one.
    UPDATE assessment.question_pools p SET rules = jsonb_build_object('concept_names', named.names)
    FROM (
      SELECT DISTINCT ON (s.question_pool_id) s.question_pool_id, to_jsonb(s.concept_names) AS names
      FROM assessment.test_sessions s
      JOIN assessment.question_pools q
        ON q.id = s.question_pool_id AND q.concept_count = cardinality(s.concept_names)
      ORDER BY s.question_pool_id, s.total_questions = 0, s.started_at, s.id
    ) AS named
    WHERE named.question_pool_id = p.id;
  END IF;
END
$$;

-- Results that were recorded here before this column existed are still priors. Results from older
-- deployments are kept as history and are never a prior: they are on another scale, have no measure
-- of precision, and list concepts in another order.
DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute
    WHERE attrelid = 'assessment.student_proficiencies'::regclass
      AND attname = 'proven' AND NOT attisdropped
  ) THEN
    -- Whether the test was started with a ticket or by an operator, or while tests without either counted;
    -- other results are never a prior.
    ALTER TABLE assessment.student_proficiencies ADD COLUMN proven BOOLEAN NOT NULL DEFAULT TRUE;
    IF pg_temp.is_new('assessment.student_proficiencies') THEN
      UPDATE assessment.student_proficiencies SET proven = FALSE;
    END IF;
  END IF;
END
$$;
ALTER TABLE assessment.student_proficiencies ALTER COLUMN proven SET DEFAULT FALSE;
UPDATE assessment.student_proficiencies SET proven = FALSE
WHERE proven AND (coalesce(confidence, 0) = 0 OR proficiency_value NOT BETWEEN 0 AND 1);

ALTER TABLE assessment.test_sessions
  -- Whether the session was started with a ticket or by an operator, or while tests without either
  -- counted; an unproven result is never a prior and never replaces a proven one.
  ADD COLUMN IF NOT EXISTS proven BOOLEAN NOT NULL DEFAULT TRUE,
  -- Whether calibration may use the answers: started with a ticket, by an operator, or on a pool
  -- whose rule `trains` is true.
  ADD COLUMN IF NOT EXISTS admitted BOOLEAN NOT NULL DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS ticket_id UUID,         -- null: started without a ticket
  ADD COLUMN IF NOT EXISTS extra_time DECIMAL,     -- share added to time limits; from the ticket
  ADD COLUMN IF NOT EXISTS start_key_sha256 TEXT,  -- digest of the Idempotency-Key of the start
  ADD COLUMN IF NOT EXISTS start_body_sha256 TEXT, -- digest of the body that came with this key
  -- What the student is told: each = proficiency after each answer, end = rounded, after the last answer
  ADD COLUMN IF NOT EXISTS tells TEXT NOT NULL DEFAULT 'each',
  -- Positions of questions that earlier tests asked and this one asks only if no others remain
  ADD COLUMN IF NOT EXISTS asked_before INT[],
  -- When the question to answer was chosen; null: before the upgrade added this column
  ADD COLUMN IF NOT EXISTS asked_at TIMESTAMP;
ALTER TABLE assessment.test_sessions ALTER COLUMN proven SET DEFAULT FALSE;

DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint
    WHERE conrelid = 'assessment.test_sessions'::regclass AND conname = 'test_sessions_tells_check'
  ) THEN
    ALTER TABLE assessment.test_sessions
      ADD CONSTRAINT test_sessions_tells_check CHECK (tells IN ('each', 'end'));
  END IF;
END
$$;

-- One active session per ticket: a second start with the ticket returns the first session.
CREATE UNIQUE INDEX IF NOT EXISTS test_sessions_one_active_ticket_key
  ON assessment.test_sessions (ticket_id)
  WHERE status = 'active' AND ticket_id IS NOT NULL;
-- For the number of sessions that were started with a ticket.
CREATE INDEX IF NOT EXISTS idx_test_sessions_ticket_id
  ON assessment.test_sessions (ticket_id) WHERE ticket_id IS NOT NULL;
-- One session per student, pool and Idempotency-Key.
CREATE UNIQUE INDEX IF NOT EXISTS test_sessions_start_key_key
  ON assessment.test_sessions (student_id, question_pool_id, start_key_sha256)
  WHERE start_key_sha256 IS NOT NULL;

-- A student may have several sessions open: a start resumes one only with its id, its ticket or the
-- Idempotency-Key of its start.
DROP INDEX IF EXISTS assessment.test_sessions_one_active_key;

-- Whether the student may know the result of a session; the same as in lib/assessment/telling.py.
CREATE OR REPLACE FUNCTION assessment.is_told(session assessment.test_sessions) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE AS $$
  SELECT session.tells = 'each' OR session.status <> 'active'
    AND session.total_questions >= coalesce((session.end_criteria ->> 'min_questions')::INT, 1)
$$;

-- The end criteria of a test: those that a start or a ticket gives, completed by the rules of the pool.
-- If the rules do not allow a criterion, its name and the values that they allow are returned instead.
CREATE OR REPLACE FUNCTION assessment.fit_criteria(
  in_rules JSONB, in_given JSONB, OUT criteria JSONB, OUT refused TEXT, OUT expected TEXT
) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  -- The result of fewer answers would reveal which of them were right.
  least_disclosed INT := CASE WHEN in_rules ->> 'tells' = 'end' THEN 5 ELSE 1 END;
  least_length INT := greatest((in_rules ->> 'min_questions')::INT, least_disclosed);
  -- 200, 20 and 5 are the limit and the defaults of EndCriteria in lib/assessment/sessions/wire.py.
  greatest_length INT := coalesce((in_rules ->> 'max_questions')::INT, 200);
  allowed JSONB := in_rules -> 'stop_rules';
  longest INT := coalesce((in_given ->> 'max_questions')::INT,
    greatest(least(20, greatest_length), least_length));
  shortest INT := coalesce((in_given ->> 'min_questions')::INT,
    greatest(least(5, longest), least_length));
  rule TEXT := coalesce(in_given ->> 'type', allowed ->> 0, 'fixed_length');
BEGIN
  IF longest < least_length OR longest > greatest_length THEN
    refused := 'max_questions';
    expected := format('%s to %s', least_length, greatest_length);
  ELSIF shortest < least_length OR shortest > longest THEN
    refused := 'min_questions';
    expected := format('%s to %s', least_length, longest);
  ELSIF NOT coalesce(allowed ? rule, TRUE) THEN
    refused := 'type';
    expected := (SELECT string_agg(a.name, ' or ') FROM jsonb_array_elements_text(allowed) AS a (name));
  ELSE
    criteria := in_given
      || jsonb_build_object('type', rule, 'min_questions', shortest, 'max_questions', longest);
  END IF;
END
$$;

-- Start a session, or resume a running one if the caller has its id, its ticket, or the
-- Idempotency-Key of its start. If neither is possible, `refusal` is one of the codes that
-- lib/assessment/sessions/start.py turns into errors, and `expected` a fact for the error's message.
-- Starts of one student on one pool run one after another, so that each counts those before it.
-- in_open_tests_count (OPEN_TESTS_COUNT) says whether a session is proven even if it is started neither
-- with a ticket nor by an operator.
CREATE OR REPLACE FUNCTION assessment.start_session(
  in_session UUID, in_resumed UUID, in_student VARCHAR, in_pool UUID, in_names TEXT[],
  in_default_names TEXT[], in_criteria JSONB, in_ticket UUID, in_ticket_uses INT,
  in_extra_time DOUBLE PRECISION, in_key TEXT, in_body TEXT, in_is_operator BOOLEAN,
  in_open_tests_count BOOLEAN, in_needs_ticket BOOLEAN, in_idle_minutes INT
) RETURNS TABLE (refusal TEXT, expected TEXT, started assessment.test_sessions)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  pool assessment.question_pools;
  names TEXT[];
  fitted RECORD;
  is_proven BOOLEAN := in_ticket IS NOT NULL OR in_is_operator OR in_open_tests_count;
  has_limited_starts BOOLEAN;
  records JSONB;
  right_now TIMESTAMP := clock_timestamp() AT TIME ZONE 'UTC';
  idle_since TIMESTAMP := right_now - make_interval(mins => in_idle_minutes);
  recent_starts INT;
BEGIN
  IF in_resumed IS NOT NULL THEN
    SELECT s.* INTO started FROM assessment.test_sessions s WHERE s.id = in_resumed FOR UPDATE;
    refusal := CASE
      WHEN started.id IS NULL OR started.question_pool_id <> in_pool THEN 'session_not_found'
      WHEN started.student_id <> in_student THEN 'other_student'
    END;
  ELSE
    PERFORM pg_advisory_xact_lock(hashtextextended('start ' || in_pool || ' ' || in_student, 0));
    PERFORM assessment.close_session(s.id, 'expired', 'expired') FROM (
      SELECT i.id FROM assessment.test_sessions i
      WHERE i.student_id = in_student AND i.question_pool_id = in_pool AND i.status = 'active'
        AND i.pool_version IS NOT NULL AND i.last_activity <= idle_since
      ORDER BY i.id FOR UPDATE
    ) AS s;
    IF in_ticket IS NOT NULL THEN
      SELECT s.* INTO started FROM assessment.test_sessions s
      WHERE s.ticket_id = in_ticket AND s.status = 'active' FOR UPDATE;
    ELSIF in_key IS NOT NULL THEN
      SELECT s.* INTO started FROM assessment.test_sessions s
      WHERE s.student_id = in_student AND s.question_pool_id = in_pool
        AND s.start_key_sha256 = in_key FOR UPDATE;
      refusal := CASE WHEN started.start_body_sha256 <> in_body THEN 'key_reused' END;
    END IF;
  END IF;
  IF refusal IS NOT NULL THEN
    started := NULL;
    RETURN NEXT;
    RETURN;
  END IF;
  IF started.id IS NOT NULL THEN
    IF started.status = 'active'
      AND (started.last_activity <= idle_since OR started.pool_version IS NULL)
    THEN
      PERFORM assessment.close_session(started.id, 'expired', 'expired');
      started.status := 'expired';
    END IF;
    IF started.status <> 'active' THEN
      refusal := CASE started.status WHEN 'expired' THEN 'session_expired' ELSE 'session_closed' END;
      expected := started.status;
      started := NULL;
    ELSE
      UPDATE assessment.test_sessions s SET last_activity = right_now
      WHERE s.id = started.id RETURNING s.* INTO started;
    END IF;
    RETURN NEXT;
    RETURN;
  END IF;

  SELECT p.* INTO pool FROM assessment.question_pools p WHERE p.id = in_pool;
  IF NOT FOUND THEN
    refusal := 'pool_not_found';
    RETURN NEXT;
    RETURN;
  END IF;
  IF in_ticket IS NULL AND NOT in_is_operator
    AND (in_needs_ticket OR pool.rules ->> 'admission' = 'ticket')
  THEN
    refusal := 'ticket_required';
    RETURN NEXT;
    RETURN;
  END IF;
  IF in_ticket IS NOT NULL AND in_ticket_uses <= (
    SELECT count(*) FROM assessment.test_sessions s
    WHERE s.ticket_id = in_ticket AND s.end_reason IS DISTINCT FROM 'reset'
  ) THEN
    refusal := 'ticket_used_up';
    expected := in_ticket_uses;
    RETURN NEXT;
    RETURN;
  END IF;

  -- Proven and unproven starts are counted separately, so that nobody can use up a student's starts.
  IF NOT in_is_operator AND pool.rules ->> 'starts_per_day' IS NOT NULL THEN
    SELECT count(*), ceil(extract(epoch FROM min(s.started_at) + interval '1 day' - right_now))
    INTO recent_starts, expected
    FROM (
      SELECT c.started_at FROM assessment.test_sessions c
      WHERE c.student_id = in_student AND c.question_pool_id = in_pool
        AND c.proven = is_proven AND c.end_reason IS DISTINCT FROM 'reset' AND c.started_at > right_now - interval '1 day'
      ORDER BY c.started_at DESC LIMIT (pool.rules ->> 'starts_per_day')::INT
    ) AS s;
    IF recent_starts >= (pool.rules ->> 'starts_per_day')::INT THEN
      refusal := 'starts_used_up';
      RETURN NEXT;
      RETURN;
    END IF;
    expected := NULL;
  END IF;

  IF pool.rules -> 'concept_names' IS NULL AND pool.concept_count <> cardinality(in_default_names) THEN
    -- The first start gives the names that the pool keeps.
    SELECT p.* INTO pool FROM assessment.question_pools p WHERE p.id = in_pool FOR UPDATE;
  END IF;
  names := CASE
    WHEN pool.rules -> 'concept_names' IS NOT NULL
      THEN ARRAY(SELECT jsonb_array_elements_text(pool.rules -> 'concept_names'))
    WHEN pool.concept_count = cardinality(in_default_names) THEN in_default_names
  END;
  IF cardinality(coalesce(in_names, names, in_default_names)) <> pool.concept_count THEN
    refusal := 'concept_count';
    expected := pool.concept_count;
  ELSIF coalesce(in_names, names) <> names THEN
    refusal := 'concept_names';
    expected := array_to_string(names, ', ');
  ELSE
    SELECT f.* INTO fitted FROM assessment.fit_criteria(pool.rules, in_criteria) AS f;
    refusal := 'end_criteria.' || fitted.refused;
    expected := fitted.expected;
  END IF;
  IF refusal IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;
  IF names IS NULL THEN
    names := in_names;
    UPDATE assessment.question_pools p
    SET rules = p.rules || jsonb_build_object('concept_names', to_jsonb(names)) WHERE p.id = in_pool;
  END IF;

  IF is_proven THEN
    SELECT jsonb_object_agg(p.concept_name, jsonb_build_array(
      p.proficiency_value, coalesce(p.confidence, 0), round(greatest(0, extract(epoch FROM
        right_now - coalesce(p.updated_at, p.created_at)
      ) / 86400), 4)
    )) INTO records
    FROM assessment.student_proficiencies p
    WHERE p.student_id = in_student AND p.concept_name = ANY (names) AND p.proven;
  END IF;
  has_limited_starts := in_ticket IS NOT NULL OR pool.rules ->> 'starts_per_day' IS NOT NULL;
  INSERT INTO assessment.examinees (id) VALUES (in_student) ON CONFLICT (id) DO NOTHING;
  INSERT INTO assessment.test_sessions AS s (
    id, student_id, question_pool_id, pool_version, concept_names, end_criteria, prior,
    initial_proficiency, started_at, last_activity, asked_at, proven, admitted, ticket_id, extra_time,
    start_key_sha256, start_body_sha256, tells, asked_before)
  VALUES (
    in_session, in_student, in_pool, pool.current_version, names, fitted.criteria, records,
    CASE WHEN records IS NULL THEN to_jsonb(array_fill(0.5, ARRAY[pool.concept_count])) END,
    right_now, right_now, right_now, is_proven,
    in_ticket IS NOT NULL OR in_is_operator OR coalesce((pool.rules ->> 'trains')::BOOLEAN, FALSE),
    in_ticket, in_extra_time,
    CASE WHEN in_ticket IS NULL THEN in_key END, CASE WHEN in_ticket IS NULL THEN in_body END,
    coalesce(pool.rules ->> 'tells', 'each'),
    CASE WHEN has_limited_starts THEN (
      SELECT array_agg(latest.position) FROM (
        SELECT q.position FROM assessment.test_sessions c
        JOIN assessment.test_responses r ON r.session_id = c.id
        JOIN assessment.questions q ON q.id = r.question_id AND q.pool_id = c.question_pool_id
        WHERE c.student_id = in_student AND c.question_pool_id = in_pool AND c.proven = is_proven
        -- 400 is MAX_ASKED_BEFORE in lib/assessment/sessions/snapshot.py.
        GROUP BY q.position ORDER BY max(r.timestamp) DESC LIMIT 400
      ) AS latest
    ) END)
  RETURNING s.* INTO started;
  RETURN NEXT;
END
$$;
