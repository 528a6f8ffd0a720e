"""Unified schemas of the two earlier applications, as found in their databases."""

NORMALIZED_V2 = """
CREATE FUNCTION uuid_generate_v4() RETURNS UUID LANGUAGE sql AS 'SELECT gen_random_uuid()';
CREATE TABLE students (
  student_id UUID PRIMARY KEY DEFAULT uuid_generate_v4(),
  student_email TEXT UNIQUE NOT NULL, student_name TEXT,
  twilio_account_sid TEXT, github_username TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);
CREATE TABLE sessions (
  session_token TEXT PRIMARY KEY,
  student_id UUID NOT NULL REFERENCES students(student_id) ON DELETE CASCADE,
  started_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
  last_activity TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
  expires_at TIMESTAMP WITH TIME ZONE DEFAULT NOW() + INTERVAL '24 hours',
  is_active BOOLEAN DEFAULT TRUE, demo_mode BOOLEAN DEFAULT FALSE,
  current_step INTEGER DEFAULT 0, total_time_spent INTEGER DEFAULT 0,
  completion_rate INTEGER DEFAULT 0,
  use_case_description TEXT, call_direction TEXT, selected_phone_number TEXT,
  tts_provider TEXT, selected_voice TEXT,
  openai_api_key TEXT, system_prompt TEXT, ivr_greeting TEXT,
  tools JSONB DEFAULT '[]', voice_settings JSONB DEFAULT '{}',
  websocket_url TEXT, codespace_url TEXT, github_repo_url TEXT, railway_url TEXT,
  bug_reports JSONB DEFAULT '[]',
  created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);
CREATE TABLE step_progress (
  id SERIAL PRIMARY KEY,
  session_token TEXT NOT NULL REFERENCES sessions(session_token) ON DELETE CASCADE,
  student_id UUID NOT NULL REFERENCES students(student_id) ON DELETE CASCADE,
  step_number INTEGER NOT NULL, step_name TEXT NOT NULL,
  started_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(), completed_at TIMESTAMP WITH TIME ZONE,
  time_spent INTEGER DEFAULT 0, attempts INTEGER DEFAULT 0,
  validation_passed BOOLEAN DEFAULT FALSE, code_submitted TEXT, deployment_url TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
  UNIQUE(session_token, step_number)
);
CREATE TABLE events (
  id SERIAL PRIMARY KEY,
  student_id UUID REFERENCES students(student_id) ON DELETE CASCADE,
  session_token TEXT REFERENCES sessions(session_token) ON DELETE CASCADE,
  event_type TEXT NOT NULL, event_data JSONB DEFAULT '{}',
  created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);
CREATE FUNCTION update_session_progress(p_session_token TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
"""

# Two spellings of one student's e-mail, numbers out of range, nulls, and steps above 9.
ROWS = """
INSERT INTO students (student_email, student_name, created_at, updated_at, github_username) VALUES
  ('Ann@Example.com', 'Ann B.', '2024-01-01Z', '2024-03-01Z', NULL),
  ('ann@example.com', 'Ann', '2024-02-01Z', '2024-02-01Z', 'annb'),
  (' bob@example.com ', NULL, '2024-02-01Z', '2024-02-01Z', NULL);
INSERT INTO sessions (session_token, student_id, current_step, total_time_spent, completion_rate,
  is_active, tools) SELECT v.token, student_id, v.step, v.seconds, v.rate, v.active, v.tools::JSONB
FROM (VALUES ('ws_1_long_enough', 'Ann@Example.com', 3, 100, 33, TRUE, '[1]'),
  ('ws_2_long_enough', 'ann@example.com', 12, -5, 120, NULL, NULL),
  ('ws_3_long_enough', ' bob@example.com ', NULL, NULL, NULL, FALSE, '"[]"')
) AS v (token, email, step, seconds, rate, active, tools)
JOIN students ON student_email = v.email;
INSERT INTO step_progress (session_token, student_id, step_number, step_name, time_spent, attempts,
  validation_passed)
SELECT session_token, student_id, v.step, 'Old', v.seconds, NULL, v.passed
FROM (VALUES ('ws_1_long_enough', 3, 60, TRUE), ('ws_2_long_enough', 1, -9, NULL),
  ('ws_2_long_enough', 11, 7, TRUE)
) AS v (token, step, seconds, passed) JOIN sessions ON session_token = v.token;
INSERT INTO events (student_id, session_token, event_type)
SELECT student_id, session_token, 'session_created' FROM sessions;
"""

# The schema of the second application: decimals, timestamps without a time zone, nullable flags.
UNIFIED = (
    NORMALIZED_V2.replace("completion_rate INTEGER", "completion_rate DECIMAL(5,2)")
    .replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMP")
    .replace("tools JSONB DEFAULT '[]'", "tools JSON DEFAULT '[]', step4_deployed BOOLEAN")
    .replace("student_name TEXT", "student_name VARCHAR(255)")
)
