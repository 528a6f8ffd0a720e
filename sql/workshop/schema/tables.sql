-- The workshop's unified schema: students, sessions, step_progress, events, idempotency_keys. Runs
-- in one execute, after courses.sql, and may run again at any time: a new database and an older one
-- with live rows take the same path and end in the same schema. Needs PostgreSQL 14 or later and no
-- extension. If public.students is the assessment's table (column "id"), run sql/assessment first.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.workshop.schema', 0));
SELECT set_config('stepwise.removal', 'upgrade', true);  -- see removals.sql

-- Other applications may have tables of these names, too. Ours are recognised by a column.
DO $$
DECLARE v_foreign RECORD;
BEGIN
  FOR v_foreign IN
    SELECT ours.name, ours.key_column
    FROM (VALUES ('students', 'student_id'), ('sessions', 'session_token'),
      ('step_progress', 'session_token'), ('events', 'event_type')) AS ours (name, key_column)
    WHERE to_regclass('public.' || ours.name) IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_attribute WHERE attrelid = to_regclass('public.' || ours.name)
        AND attname = ours.key_column AND NOT attisdropped)
  LOOP
    RAISE EXCEPTION 'public.% is not the workshop''s table, because it has no column %. Rename it, '
      'or give the workshop a database of its own.', v_foreign.name, v_foreign.key_column
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
  END LOOP;
  -- As in own_tables().
  IF to_regclass('public.enrollments') IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_attribute AS courses
        ON courses.attrelid = k.confrelid AND courses.attname = 'steps' AND NOT courses.attisdropped
      WHERE k.conrelid = to_regclass('public.enrollments') AND k.contype = 'f')
  THEN
    RAISE EXCEPTION 'public.enrollments is not the workshop''s table, because it has no foreign key to '
      'the workshop''s courses. Rename it, or give the workshop a database of its own.'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
  END IF;
END $$;

-- 1. Tables, with the columns that every live database has ---------------------------------------

-- One row per person. Without an e-mail address, student_email is 'anonymous_<16 hex digits>', or
-- 'github_<name>' for a person whom a roster names without one.
CREATE TABLE IF NOT EXISTS public.students (
  student_id UUID DEFAULT gen_random_uuid(),
  student_email TEXT,                    -- trimmed, lower case (normalized_email)
  student_name TEXT,                     -- the first that was sent, unless it was changed later
  twilio_account_sid TEXT,               -- sealed by the application; never in a response
  github_username TEXT,                  -- the first one that was sent, see give_accounts()
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  CONSTRAINT students_pkey PRIMARY KEY (student_id)
);

-- One row per workshop session; a student may have several. The token is a credential.
CREATE TABLE IF NOT EXISTS public.sessions (
  session_token TEXT,
  student_id UUID,
  started_at TIMESTAMPTZ DEFAULT now(),
  last_activity TIMESTAMPTZ DEFAULT now(),
  expires_at TIMESTAMPTZ DEFAULT now() + INTERVAL '24 hours',   -- extended by activity
  is_active BOOLEAN DEFAULT TRUE,        -- false once the clean-up has closed it
  demo_mode BOOLEAN DEFAULT FALSE,
  current_step INTEGER DEFAULT 0,        -- furthest step reached; 0 = not begun
  total_time_spent INTEGER DEFAULT 0,    -- seconds, never decreases
  completion_rate INTEGER DEFAULT 0,     -- round(100 * complete steps / steps of the course)
  use_case_description TEXT,
  call_direction TEXT,                   -- 'inbound': takes calls; 'outbound': makes calls
  selected_phone_number TEXT,
  tts_provider TEXT,
  selected_voice TEXT,
  openai_api_key TEXT,                   -- sealed by the application; never in a response
  system_prompt TEXT,
  ivr_greeting TEXT,
  tools JSONB DEFAULT '[]',
  voice_settings JSONB DEFAULT '{}',
  websocket_url TEXT,
  codespace_url TEXT,
  github_repo_url TEXT,
  railway_url TEXT,
  bug_reports JSONB DEFAULT '[]',
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  CONSTRAINT sessions_pkey PRIMARY KEY (session_token)
);

-- One row per step that a session has begun.
CREATE TABLE IF NOT EXISTS public.step_progress (
  id SERIAL,
  session_token TEXT,
  student_id UUID,
  step_number INTEGER,                   -- from 1 to the last step of the session's course
  step_name TEXT,                        -- name of the step in the course
  started_at TIMESTAMPTZ DEFAULT now(),
  completed_at TIMESTAMPTZ,              -- when validation first passed
  time_spent INTEGER DEFAULT 0,          -- seconds, the sum of all reports
  attempts INTEGER DEFAULT 0,            -- the sum of all reports
  validation_passed BOOLEAN DEFAULT FALSE,  -- once true it stays true
  code_submitted TEXT,
  deployment_url TEXT,
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  CONSTRAINT step_progress_pkey PRIMARY KEY (id)
);

-- The event log, for analytics and debugging. Pages log types of their own with session-log, and old_log.sql
-- keeps those of the old log. The product itself records these values of event_type:
--   session_created     a token was used for the first time
--   step_started        the first report about a step
--   step_progress       a later report that does not complete it, or a report about an exercise
--                       that is not a step; also a step's former name, if an upgrade gave it
--                       the course's name, and a row of step_progress that an upgrade could not keep there
--   step_completed      the report or the flags that completed it
--   deployment_success  a deployment went live (a report with a URL that passed, or a flag)
--   deployment_failure  a report with a deployment URL that did not pass, for an incomplete step
--   bug_reported        a student reported a bug
--   session_claimed     an anonymous session was assigned to a student with an e-mail
--   email_changed       an operator changed the student's e-mail; belongs to no session
--   student_renamed     an operator changed the student's name; belongs to no session
--   students_merged     an operator merged another student into this one; belongs to no session
--   session_detached    an operator gave the session to an anonymous student
--   help_asked          the student asked for help
--   help_withdrawn      the student no longer needs help
--   help_given          an instructor marked the student as helped
--   token_replaced      an operator gave the session a new token
--   session_expired     the clean-up closed the session and removed its key
CREATE TABLE IF NOT EXISTS public.events (
  id SERIAL,
  student_id UUID,
  session_token TEXT,
  event_type TEXT,
  event_data JSONB DEFAULT '{}',
  created_at TIMESTAMPTZ DEFAULT now(),
  CONSTRAINT events_pkey PRIMARY KEY (id)
);

-- Requests that were carried out, so that a repeated one changes nothing. Kept for 24 hours.
CREATE TABLE IF NOT EXISTS public.idempotency_keys (
  key_hash BYTEA,                        -- SHA-256 of endpoint, session token and the client's key
  body_hash BYTEA NOT NULL,              -- SHA-256 of the parsed request
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key_hash)
);

-- 2. Columns added later; the flags are those of the built-in course -----------------------------

ALTER TABLE public.students
  ADD COLUMN IF NOT EXISTS twilio_account_sid TEXT,
  ADD COLUMN IF NOT EXISTS github_username TEXT,
  -- E-mails that an operator replaced or merged. A session of the student may still send them.
  ADD COLUMN IF NOT EXISTS former_emails TEXT[];

ALTER TABLE public.sessions
  ADD COLUMN IF NOT EXISTS expires_at TIMESTAMPTZ DEFAULT now() + INTERVAL '24 hours',
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS bug_reports JSONB DEFAULT '[]',
  ADD COLUMN IF NOT EXISTS twilio_connected BOOLEAN DEFAULT FALSE,       -- step 1, first half
  ADD COLUMN IF NOT EXISTS openai_connected BOOLEAN DEFAULT FALSE,       -- step 1, second half
  ADD COLUMN IF NOT EXISTS call_direction_chosen BOOLEAN DEFAULT FALSE,  -- completes step 2
  ADD COLUMN IF NOT EXISTS services_ready BOOLEAN DEFAULT FALSE,         -- completes step 3
  ADD COLUMN IF NOT EXISTS step4_code_validated BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS step4_committed BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS step4_deployed BOOLEAN DEFAULT FALSE,         -- completes step 4
  ADD COLUMN IF NOT EXISTS step5_code_validated BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS step5_committed BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS step5_deployed BOOLEAN DEFAULT FALSE,         -- completes step 5
  ADD COLUMN IF NOT EXISTS step6_code_validated BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS step6_committed BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS step6_deployed BOOLEAN DEFAULT FALSE,         -- completes step 6
  ADD COLUMN IF NOT EXISTS system_prompt_saved BOOLEAN DEFAULT FALSE,    -- completes step 7
  ADD COLUMN IF NOT EXISTS step7_committed BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS step7_deployed BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS tools_configured BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS step8_code_validated BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS step8_committed BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS step8_deployed BOOLEAN DEFAULT FALSE,         -- completes step 8
  ADD COLUMN IF NOT EXISTS project_deployed BOOLEAN DEFAULT FALSE,       -- completes step 9
  ADD COLUMN IF NOT EXISTS repo_created BOOLEAN DEFAULT FALSE,  -- as workshop_students had it
  ADD COLUMN IF NOT EXISTS ci_service_sid TEXT,                 -- as student_configs had it
  ADD COLUMN IF NOT EXISTS exercises JSONB DEFAULT '{}',        -- as workshop_students had it
  ADD COLUMN IF NOT EXISTS github_username_given TEXT,    -- the last one that this session sent
  ADD COLUMN IF NOT EXISTS twilio_account_given BOOLEAN DEFAULT FALSE,  -- this session sent one
  ADD COLUMN IF NOT EXISTS student_name_given TEXT,       -- the last name that this session sent
  ADD COLUMN IF NOT EXISTS version INTEGER DEFAULT 1,     -- increases with each saved configuration
  ADD COLUMN IF NOT EXISTS course_id TEXT DEFAULT 'voice-assistant',  -- fixed once it has progress
  ADD COLUMN IF NOT EXISTS extra JSONB DEFAULT '{}',  -- other flags and fields; secrets are sealed
  -- Those of openai_api_key, tools and voice_settings that had a value and were emptied later, so
  -- that the migration from the legacy tables does not restore them. Null: none.
  ADD COLUMN IF NOT EXISTS emptied_fields TEXT[];

-- 3. Older databases: types, nulls, people stored under two spellings of one e-mail --------------

-- Return the address in 'Ann <ann@x.org>', 'mailto:ann@x.org?subject=…' or plain text, in lower case and
-- Unicode form NFC, without surrounding blanks and invisible characters; null if nothing remains. The
-- same as normalized_email() of lib/workshop/emails.py. The escapes belong to the regular expressions,
-- so that databases of other encodings can read them.
CREATE OR REPLACE FUNCTION public.tidy_email(p_email TEXT) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  v_blank CONSTANT TEXT := '[\t-\r \u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]';
  v_email TEXT := regexp_replace(p_email,
    '[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]', '', 'g');
BEGIN
  IF getdatabaseencoding() = 'UTF8' THEN
    v_email := normalize(v_email, NFC);
  END IF;
  v_email := regexp_replace(lower(v_email), '^.*<([^<>]*@[^<>]*)>' || v_blank || '*$', '\1');
  IF v_email ~ ('^' || v_blank || '*mailto:') THEN
    v_email := regexp_replace(v_email, '^' || v_blank || '*(mailto:' || v_blank || '*)+', '');
    v_email := regexp_replace(v_email, '[?][^@]*$', '');
  END IF;
  RETURN nullif(regexp_replace(v_email, '^' || v_blank || '+|' || v_blank || '+$', '', 'g'), '');
END $$;

-- Return tidy_email(), faster for an address that needs no change.
CREATE OR REPLACE FUNCTION public.normalized_email(p_email TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_email ~ '^[a-z0-9._%+@-]+$' THEN p_email ELSE public.tidy_email(p_email) END
$$;

-- Timestamps without a time zone are UTC; decimal numbers in whole-number columns are rounded.
DO $$
DECLARE c RECORD;
BEGIN
  FOR c IN
    SELECT table_name, column_name, CASE
        WHEN data_type LIKE 'timestamp without%' THEN
          format('TYPE timestamptz USING %I AT TIME ZONE ''UTC''', column_name)
        WHEN data_type = 'json' THEN format('TYPE jsonb USING %I::jsonb', column_name)
        WHEN data_type = 'character varying' THEN 'TYPE text'
        ELSE format('TYPE integer USING round(%I)::integer', column_name)
      END AS change
    FROM information_schema.columns
    WHERE table_schema = 'public'
      AND table_name IN ('students', 'sessions', 'step_progress', 'events')
      AND (data_type IN ('timestamp without time zone', 'json', 'character varying')
        OR (data_type IN ('numeric', 'double precision', 'real') AND column_name IN (
          'completion_rate', 'total_time_spent', 'current_step', 'time_spent', 'attempts')))
  LOOP
    EXECUTE format('ALTER TABLE public.%I ALTER COLUMN %I DROP DEFAULT, ALTER COLUMN %I %s',
      c.table_name, c.column_name, c.column_name, c.change);
  END LOOP;
END $$;

-- Defaults and NOT NULL: where null has no meaning, it is replaced by the column's default.
DO $$
DECLARE c RECORD;
BEGIN
  FOR c IN
    SELECT a.attrelid::regclass AS tab, a.attname AS col, w.default_value, a.attnotnull, a.atthasdef,
      pg_get_expr(d.adbin, d.adrelid) AS current_default
    FROM (
      SELECT 'sessions' AS tab, attname AS col, 'FALSE' AS default_value FROM pg_attribute
      WHERE attrelid = 'public.sessions'::regclass AND atttypid = 'boolean'::regtype
        AND attname <> 'is_active' AND attnum > 0
      UNION ALL SELECT tab, col, default_value FROM (VALUES
        ('students', 'student_id', 'gen_random_uuid()'),
        ('students', 'student_email', NULL),
        ('students', 'created_at', 'now()'), ('students', 'updated_at', 'now()'),
        ('sessions', 'student_id', NULL), ('sessions', 'is_active', 'TRUE'),
        ('sessions', 'started_at', 'now()'), ('sessions', 'last_activity', 'now()'),
        ('sessions', 'expires_at', 'now() + INTERVAL ''24 hours'''),
        ('sessions', 'current_step', '0'), ('sessions', 'total_time_spent', '0'),
        ('sessions', 'completion_rate', '0'), ('sessions', 'version', '1'),
        ('sessions', 'course_id', '''voice-assistant'''), ('sessions', 'extra', '''{}'''),
        ('sessions', 'tools', '''[]'''), ('sessions', 'voice_settings', '''{}'''),
        ('sessions', 'bug_reports', '''[]'''), ('sessions', 'exercises', '''{}'''),
        ('sessions', 'created_at', 'now()'), ('sessions', 'updated_at', 'now()'),
        ('step_progress', 'session_token', NULL), ('step_progress', 'student_id', NULL),
        ('step_progress', 'step_number', NULL), ('step_progress', 'step_name', NULL),
        ('step_progress', 'started_at', 'now()'), ('step_progress', 'time_spent', '0'),
        ('step_progress', 'attempts', '0'), ('step_progress', 'validation_passed', 'FALSE'),
        ('step_progress', 'created_at', 'now()'), ('step_progress', 'updated_at', 'now()'),
        ('events', 'event_type', NULL), ('events', 'event_data', '''{}'''),
        ('events', 'created_at', 'now()')
      ) AS listed (tab, col, default_value)
    ) AS w
    JOIN pg_attribute a
      ON a.attrelid = format('public.%I', w.tab)::regclass AND a.attname = w.col
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LOOP
    IF c.default_value IS NOT NULL
       AND (NOT c.atthasdef OR c.current_default LIKE '%uuid_generate%') THEN
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s',
        c.tab, c.col, c.default_value);
    END IF;
    IF NOT c.attnotnull THEN
      IF c.default_value IS NOT NULL THEN
        EXECUTE format('UPDATE %s SET %I = %s WHERE %I IS NULL',
          c.tab, c.col, c.default_value, c.col);
      END IF;
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', c.tab, c.col);
    END IF;
  END LOOP;
END $$;

-- Students whose normalized e-mails are the same are merged into the earliest one.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conname = 'students_email_normalized_check'
             AND conrelid = 'public.students'::regclass)
    AND NOT EXISTS (SELECT FROM public.students
      WHERE student_email IS DISTINCT FROM public.normalized_email(student_email)) THEN
    RETURN;
  END IF;
  CREATE TEMP TABLE same_person ON COMMIT DROP AS
    SELECT student_id, first_value(student_id) OVER person AS keeper
    FROM public.students
    WINDOW person AS (
      PARTITION BY coalesce(public.normalized_email(student_email), student_id::text)
      ORDER BY created_at, student_id);
  UPDATE public.sessions t SET student_id = keeper FROM same_person p
    WHERE p.student_id = t.student_id AND keeper <> t.student_id;
  UPDATE public.step_progress t SET student_id = keeper FROM same_person p
    WHERE p.student_id = t.student_id AND keeper <> t.student_id;
  UPDATE public.events t SET student_id = keeper FROM same_person p
    WHERE p.student_id = t.student_id AND keeper <> t.student_id;
  IF to_regclass('public.enrollments') IS NOT NULL THEN  -- roster.sql creates it later
    INSERT INTO public.enrollments (student_id, course_id, created_at)
      SELECT keeper, course_id, created_at FROM public.enrollments JOIN same_person USING (student_id)
      WHERE keeper <> student_id
      ON CONFLICT ON CONSTRAINT enrollments_pkey DO NOTHING;
  END IF;
  UPDATE public.students k SET
    student_name = coalesce(o.student_name, k.student_name),
    twilio_account_sid = coalesce(k.twilio_account_sid, o.twilio_account_sid),
    github_username = coalesce(k.github_username, o.github_username)
  FROM (
    SELECT keeper, count(*) AS records,
      (array_agg(student_name ORDER BY updated_at DESC)
        FILTER (WHERE student_name <> ''))[1] AS student_name,
      max(twilio_account_sid) AS twilio_account_sid, max(github_username) AS github_username
    FROM same_person JOIN public.students USING (student_id) GROUP BY keeper
  ) o WHERE k.student_id = o.keeper AND o.records > 1;
  DELETE FROM public.students s USING same_person p
    WHERE p.student_id = s.student_id AND keeper <> s.student_id;
  UPDATE public.students SET student_email = coalesce(public.normalized_email(student_email),
    'anonymous_' || left(replace(student_id::text, '-', ''), 16))
  WHERE student_email IS DISTINCT FROM public.normalized_email(student_email);
  DROP TABLE same_person;
END $$;

-- Numbers outside their range are set to the nearest limit.
UPDATE public.sessions s SET
  current_step = least(greatest(s.current_step, 0), jsonb_array_length(c.steps)),
  completion_rate = least(greatest(s.completion_rate, 0), 100),
  total_time_spent = greatest(s.total_time_spent, 0)
FROM public.courses c
WHERE c.course_id = s.course_id AND (
  s.current_step NOT BETWEEN 0 AND jsonb_array_length(c.steps)
  OR s.completion_rate NOT BETWEEN 0 AND 100 OR s.total_time_spent < 0);
UPDATE public.step_progress SET
  time_spent = greatest(time_spent, 0), attempts = greatest(attempts, 0)
WHERE time_spent < 0 OR attempts < 0;

-- 4. Constraints, indexes, triggers -------------------------------------------------------------

-- The course determines the number of steps. The triggers below replace checks of earlier versions and
-- of older applications, which allowed 1 to 9 or 0 to 8.
DO $$
DECLARE c RECORD;
BEGIN
  FOR c IN
    SELECT conrelid::regclass AS tab, conname
    FROM pg_constraint
    JOIN (VALUES ('sessions', 'current_step', 'CHECK ((current_step >= 0))'),
      ('step_progress', 'step_number', 'CHECK ((step_number > 0))')) AS ours (tab, col, definition)
      ON conrelid = format('public.%I', ours.tab)::regclass
    JOIN pg_attribute ON attrelid = conrelid AND attname = ours.col AND conkey = ARRAY[attnum]
    WHERE contype = 'c' AND pg_get_constraintdef(pg_constraint.oid) <> ours.definition
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.tab, c.conname);
  END LOOP;
END $$;

-- A foreign key that existing rows violate applies to new rows only, and a warning names it.
DO $$
DECLARE c RECORD;
BEGIN
  FOR c IN
    SELECT * FROM (VALUES
      ('students', 'students_student_email_key', 'UNIQUE (student_email)'),
      ('students', 'students_email_normalized_check',
        'CHECK (student_email = public.normalized_email(student_email))'),
      ('sessions', 'sessions_student_id_fkey',
        'FOREIGN KEY (student_id) REFERENCES public.students ON DELETE CASCADE NOT VALID'),
      ('sessions', 'sessions_course_id_fkey',
        'FOREIGN KEY (course_id) REFERENCES public.courses NOT VALID'),
      ('sessions', 'sessions_current_step_check', 'CHECK (current_step >= 0)'),
      ('sessions', 'sessions_completion_rate_check', 'CHECK (completion_rate BETWEEN 0 AND 100)'),
      ('sessions', 'sessions_total_time_spent_check', 'CHECK (total_time_spent >= 0)'),
      ('step_progress', 'step_progress_session_token_step_number_key',
        'UNIQUE (session_token, step_number)'),
      ('step_progress', 'step_progress_session_token_fkey',
        'FOREIGN KEY (session_token) REFERENCES public.sessions ON DELETE CASCADE NOT VALID'),
      ('step_progress', 'step_progress_student_id_fkey',
        'FOREIGN KEY (student_id) REFERENCES public.students ON DELETE CASCADE NOT VALID'),
      ('step_progress', 'step_progress_time_spent_check', 'CHECK (time_spent >= 0)'),
      ('step_progress', 'step_progress_attempts_check', 'CHECK (attempts >= 0)'),
      ('events', 'events_student_id_fkey',
        'FOREIGN KEY (student_id) REFERENCES public.students ON DELETE CASCADE NOT VALID'),
      ('events', 'events_session_token_fkey',
        'FOREIGN KEY (session_token) REFERENCES public.sessions ON DELETE CASCADE NOT VALID')
    ) AS required (tab, name, definition)
    WHERE NOT EXISTS (SELECT FROM pg_constraint
      WHERE conrelid = format('public.%I', tab)::regclass AND conname = name)
  LOOP
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I %s', c.tab, c.name, c.definition);
    BEGIN
      EXECUTE format('ALTER TABLE public.%I VALIDATE CONSTRAINT %I', c.tab, c.name);
    EXCEPTION
      WHEN wrong_object_type THEN NULL;  -- only foreign keys and checks can be validated
      WHEN foreign_key_violation THEN
        RAISE WARNING
          '%: existing rows violate it, so it applies to new rows only; correct these rows', c.name;
    END;
  END LOOP;
END $$;

-- A student's sessions; cascades from students.
CREATE INDEX IF NOT EXISTS idx_sessions_student_id ON public.sessions (student_id);
-- Recently active sessions, stuck sessions (analytics), sessions past their retention (clean-up).
CREATE INDEX IF NOT EXISTS idx_sessions_last_activity ON public.sessions (last_activity);
-- The sessions of a course (analytics), and those that a change of their course recomputes.
CREATE INDEX IF NOT EXISTS idx_sessions_course_id ON public.sessions (course_id);
-- The pages of the instructor's list, newest first.
CREATE INDEX IF NOT EXISTS idx_sessions_created_at ON public.sessions (created_at, session_token);
-- Expired sessions that are still active (clean-up).
CREATE INDEX IF NOT EXISTS idx_sessions_active_expires ON public.sessions (is_active, expires_at);
-- A student's steps over all sessions; cascades from students. The steps of one session are found
-- by step_progress_session_token_step_number_key.
CREATE INDEX IF NOT EXISTS idx_step_progress_student_id ON public.step_progress (student_id);
-- Analytics of steps by an index-only scan.
CREATE INDEX IF NOT EXISTS idx_step_progress_step ON public.step_progress
  (step_number, step_name) INCLUDE (validation_passed, time_spent);
-- The events of a student or of a session; cascades.
CREATE INDEX IF NOT EXISTS idx_events_student_id ON public.events (student_id);
CREATE INDEX IF NOT EXISTS idx_events_session_token ON public.events (session_token);
-- A student's sessions of the last hour (check_new_sessions).
CREATE INDEX IF NOT EXISTS idx_events_new_sessions ON public.events (student_id, created_at)
  WHERE event_type IN ('session_created', 'session_claimed');
-- Events by day.
CREATE INDEX IF NOT EXISTS idx_events_created_at ON public.events (created_at, event_type);
-- API keys and auth tokens left in closed sessions (clean-up); the index is nearly empty. Its earlier form
-- contained no auth tokens.
CREATE INDEX IF NOT EXISTS idx_sessions_closed_with_secret ON public.sessions (expires_at)
  WHERE NOT is_active AND (openai_api_key IS NOT NULL OR extra ? 'twilioAuthToken');
DROP INDEX IF EXISTS public.idx_sessions_closed_with_key;
-- Old idempotency keys (clean-up).
CREATE INDEX IF NOT EXISTS idx_idempotency_keys_created_at ON public.idempotency_keys (created_at);

-- Set updated_at to the time of the change, unless the statement sets it.
CREATE OR REPLACE FUNCTION public.set_updated_at() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
    NEW.updated_at := now();
  END IF;
  RETURN NEW;
END $$;

-- Maintain the column emptied_fields.
CREATE OR REPLACE FUNCTION public.remember_emptied_fields() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  SELECT array_agg(field ORDER BY field) INTO NEW.emptied_fields
  FROM (VALUES
    ('openai_api_key', OLD.openai_api_key <> '', coalesce(NEW.openai_api_key, '') = ''),
    ('tools', OLD.tools NOT IN ('[]', '{}'), NEW.tools IN ('[]', '{}')),
    ('voice_settings', OLD.voice_settings <> '{}', NEW.voice_settings = '{}')
  ) AS changes (field, had_value, is_empty)
  WHERE is_empty AND (had_value OR field = ANY (OLD.emptied_fields));
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER remember_emptied_fields BEFORE UPDATE ON public.sessions
  FOR EACH ROW WHEN (OLD.openai_api_key IS DISTINCT FROM NEW.openai_api_key
    OR OLD.tools <> NEW.tools OR OLD.voice_settings <> NEW.voice_settings)
  EXECUTE FUNCTION public.remember_emptied_fields();
CREATE OR REPLACE TRIGGER update_students_updated_at BEFORE UPDATE ON public.students
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE OR REPLACE TRIGGER update_sessions_updated_at BEFORE UPDATE ON public.sessions
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE OR REPLACE TRIGGER update_step_progress_updated_at BEFORE UPDATE ON public.step_progress
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- Refuse a step that the course of a session does not have, and another course for a session with
-- progress. A foreign key or a check cannot express this, because the steps are data.
CREATE OR REPLACE FUNCTION public.check_session_course() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.course_id <> OLD.course_id AND (OLD.current_step > 0 OR EXISTS (
        SELECT FROM public.step_progress WHERE session_token = OLD.session_token)) THEN
      RAISE EXCEPTION 'the session has progress in another course'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'session_of_one_course';
    END IF;
  END IF;
  IF NEW.current_step > (
      SELECT jsonb_array_length(steps) FROM public.courses WHERE course_id = NEW.course_id) THEN
    RAISE EXCEPTION 'the course has no such step'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'sessions_current_step_check';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER check_new_session_course BEFORE INSERT ON public.sessions
  FOR EACH ROW WHEN (NEW.current_step > 0) EXECUTE FUNCTION public.check_session_course();
CREATE OR REPLACE TRIGGER check_session_course BEFORE UPDATE ON public.sessions
  FOR EACH ROW WHEN (NEW.current_step > OLD.current_step OR NEW.course_id <> OLD.course_id)
  EXECUTE FUNCTION public.check_session_course();

-- Refuse rows of steps that the course of their session does not have. Whoever changes a course locks
-- it, so a step cannot be reported while it is taken away. Checks all rows of a statement at once.
CREATE OR REPLACE FUNCTION public.check_step_numbers() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM public.courses c WHERE NOT c.built_in AND c.course_id IN (
    SELECT s.course_id FROM new_steps JOIN public.sessions s USING (session_token)) FOR KEY SHARE;
  IF EXISTS (
      SELECT FROM new_steps n JOIN public.sessions s USING (session_token)
      JOIN public.courses c USING (course_id) WHERE n.step_number > jsonb_array_length(c.steps)) THEN
    RAISE EXCEPTION 'the course has no such step'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'step_progress_step_number_check';
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER check_new_step_numbers AFTER INSERT ON public.step_progress
  REFERENCING NEW TABLE AS new_steps
  FOR EACH STATEMENT EXECUTE FUNCTION public.check_step_numbers();

-- Check the number of a step whose row gets another number or session token: in replace_token(), or
-- in SQL written by hand.
CREATE OR REPLACE FUNCTION public.check_step_number() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.step_number > (
      SELECT jsonb_array_length(c.steps) FROM public.sessions s JOIN public.courses c USING (course_id)
      WHERE s.session_token = NEW.session_token) THEN
    RAISE EXCEPTION 'the course has no such step'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'step_progress_step_number_check';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER check_step_number BEFORE UPDATE ON public.step_progress
  FOR EACH ROW WHEN (NEW.step_number <> OLD.step_number OR NEW.session_token <> OLD.session_token)
  EXECUTE FUNCTION public.check_step_number();
