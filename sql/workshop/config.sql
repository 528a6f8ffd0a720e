-- Queries of lib/workshop/config/store.py; the functions are defined in schema/functions.sql.

-- save_session_config --
-- Save the given fields of a session's configuration; return the session, or null if it does not
-- exist and may not be created, or was removed after the same request had been carried out.
WITH saved AS MATERIALIZED (SELECT public.save_session_config(
  %(session_token)s, %(student_email)s, %(student_name)s, %(course_id)s, %(config)s,
  %(other_flags)s, %(only_flags)s, %(version)s, %(create)s,
  %(github_username)s, %(twilio_account_sid)s, %(key_hash)s, %(body_hash)s
) AS session)
SELECT public.bounded_session(session, %(max_bytes)s)::TEXT FROM saved;

-- session_config --
-- Return a session, and its sealed API key, which only the vault reads.
SELECT public.bounded_session(public.session_progress(s.session_token), %(max_bytes)s)::TEXT AS session,
  s.openai_api_key AS sealed_key
FROM public.sessions s WHERE s.session_token = %(session_token)s;
