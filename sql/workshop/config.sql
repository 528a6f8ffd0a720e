-- Queries of lib/workshop/config/configuration.py; the functions stand in functions.sql.

-- save_session_config --
-- Lay the given fields over a session's configuration; null where the session must exist and
-- does not.
SELECT public.save_session_config(
  %(session_token)s, %(student_email)s, %(student_name)s, %(config)s, %(version)s, %(create)s,
  %(key_hash)s, %(body_hash)s
)::TEXT;

-- session_config --
-- The session and, for the vault alone, its sealed API key.
SELECT public.session_progress(s.session_token)::TEXT AS config, s.openai_api_key AS sealed_key
FROM public.sessions s WHERE s.session_token = %(session_token)s;
