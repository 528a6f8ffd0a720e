-- Courses: the steps of a workshop, their names, and the flags that complete them, as data. Runs in
-- one execute, before tables.sql, and may run again at any time.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.workshop.schema', 0));

-- Other applications may have a table of this name, too. Ours is recognised by a column.
DO $$ BEGIN
  IF to_regclass('public.courses') IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_attribute WHERE attrelid = to_regclass('public.courses')
        AND attname = 'steps' AND NOT attisdropped) THEN
    RAISE EXCEPTION 'public.courses is not the workshop''s table, because it has no column steps. '
      'Rename it, or give the workshop a database of its own.'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
  END IF;
END $$;

-- One row per course. `steps` is an array in the order of the steps; each has
--   number        from 1, without gaps
--   name          shown to students
--   aliases       other names under which pages report the step; no two steps share a name
--   completed_by  flags that complete the step once all of them are true: columns of sessions, or
--                 members of sessions.extra; empty if only a report completes it
CREATE TABLE IF NOT EXISTS public.courses (
  course_id TEXT,
  name TEXT NOT NULL,
  steps JSONB NOT NULL,
  built_in BOOLEAN NOT NULL DEFAULT FALSE,   -- part of the product; operators cannot change it
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT courses_pkey PRIMARY KEY (course_id),
  CONSTRAINT courses_steps_check CHECK (
    CASE jsonb_typeof(steps) WHEN 'array' THEN jsonb_array_length(steps) > 0 ELSE FALSE END)
);

-- The built-in course, as lib/workshop/course.py defines it.
INSERT INTO public.courses AS c (course_id, name, steps, built_in) VALUES (
  'voice-assistant', 'Build a voice assistant', '[
    {"number": 1, "name": "Connect Accounts", "aliases": [],
     "completed_by": ["twilio_connected", "openai_connected"]},
    {"number": 2, "name": "Choose Use Case", "aliases": [],
     "completed_by": ["call_direction_chosen"]},
    {"number": 3, "name": "Provision Services", "aliases": [],
     "completed_by": ["services_ready"]},
    {"number": 4, "name": "Basic TwiML", "aliases": [],
     "completed_by": ["step4_deployed"]},
    {"number": 5, "name": "WebSocket Handler", "aliases": [],
     "completed_by": ["step5_deployed"]},
    {"number": 6, "name": "ConversationRelay", "aliases": [],
     "completed_by": ["step6_deployed"]},
    {"number": 7, "name": "Prompt Engineering", "aliases": ["Custom AI Prompt"],
     "completed_by": ["system_prompt_saved"]},
    {"number": 8, "name": "Tools & Functions", "aliases": [],
     "completed_by": ["step8_deployed"]},
    {"number": 9, "name": "Deploy System", "aliases": ["Final Deployment"],
     "completed_by": ["project_deployed"]}
  ]', TRUE)
ON CONFLICT ON CONSTRAINT courses_pkey DO UPDATE
  SET name = excluded.name, steps = excluded.steps, built_in = TRUE, updated_at = now()
  WHERE (c.name, c.steps, c.built_in) IS DISTINCT FROM (excluded.name, excluded.steps, TRUE);

-- The course of a session that was begun without naming one. Also the default of sessions.course_id.
CREATE OR REPLACE FUNCTION public.default_course() RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 'voice-assistant' $$;

-- Functions of earlier versions, which had one course only.
DROP FUNCTION IF EXISTS public.workshop_step_name(INTEGER), public.step_of_name(TEXT);

-- Return the key of a step's name, the same for spellings that differ in case and blanks only.
CREATE OR REPLACE FUNCTION public.step_name_key(p_name TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT lower(regexp_replace(p_name, '\s', '', 'g')) $$;

-- Return the number of each step of a course by the keys of its names.
CREATE OR REPLACE FUNCTION public.step_names(p_steps JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT jsonb_object_agg(public.step_name_key(name), step -> 'number')
  FROM jsonb_array_elements(p_steps) AS step,
    jsonb_array_elements_text(jsonb_build_array(step -> 'name') || (step -> 'aliases')) AS name
$$;

-- Return the number of the step to which a reported number and name refer, given step_names() of the
-- course: the name decides if it is one of the course's, otherwise the number. Some pages count from
-- 0, so 0 stands for the first step.
CREATE OR REPLACE FUNCTION public.step_meant(p_names JSONB, p_number INTEGER, p_name TEXT)
RETURNS INTEGER LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce((p_names ->> public.step_name_key(p_name))::INTEGER,
    CASE p_number WHEN 0 THEN 1 ELSE p_number END)
$$;

-- Return the name of a step of a course, null for a step that the course does not have.
CREATE OR REPLACE FUNCTION public.step_name(p_steps JSONB, p_number INTEGER) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_number > 0 THEN p_steps -> (p_number - 1) ->> 'name' END
$$;
