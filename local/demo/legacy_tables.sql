-- The three legacy tables as the application before this one created them, but with a column that
-- somebody added by hand (instructor_notes), and without most flags of the steps from 5 on. Times
-- have no time zone and mean UTC.

CREATE TABLE public.workshop_students (
  session_token TEXT, student_email TEXT, student_name TEXT, exercises JSONB,
  started_at TIMESTAMP, last_activity TIMESTAMP, total_time_spent INTEGER,
  completion_rate NUMERIC(5, 2), repo_created BOOLEAN, demo_mode BOOLEAN, current_step INTEGER,
  use_case_description TEXT, call_direction TEXT, selected_phone_number TEXT, tts_provider TEXT,
  selected_voice TEXT, openai_api_key TEXT, system_prompt TEXT, ivr_greeting TEXT, tools JSONB,
  voice_settings JSONB, websocket_url TEXT, codespace_url TEXT, github_repo_url TEXT,
  railway_url TEXT, bug_reports JSONB, created_at TIMESTAMP, updated_at TIMESTAMP,
  instructor_notes TEXT
);

CREATE TABLE public.student_configs (
  session_token TEXT CONSTRAINT student_configs_pkey PRIMARY KEY,
  student_name TEXT, student_email TEXT, use_case_description TEXT, call_direction TEXT,
  selected_phone_number TEXT, tts_provider TEXT, selected_voice TEXT, openai_api_key TEXT,
  system_prompt TEXT, ivr_greeting TEXT, tools JSONB, voice_settings JSONB, websocket_url TEXT,
  codespace_url TEXT, github_repo_url TEXT, railway_url TEXT, ci_service_sid TEXT,
  demo_mode BOOLEAN, current_step INTEGER, twilio_connected BOOLEAN, openai_connected BOOLEAN,
  call_direction_chosen BOOLEAN, services_ready BOOLEAN, step4_code_validated BOOLEAN,
  step4_committed BOOLEAN, step4_deployed BOOLEAN, project_deployed BOOLEAN,
  created_at TIMESTAMP, updated_at TIMESTAMP
);

CREATE TABLE public.workshop_sessions (
  session_id TEXT, student_id TEXT, account_sid TEXT, created_at TIMESTAMP, expires_at TIMESTAMP,
  last_activity TIMESTAMP, is_demo_mode BOOLEAN
);
