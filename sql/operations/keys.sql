-- Queries of lib/operations/keys/store.py.

-- next_keys --
-- Lock and return keys that are not sealed with the current encryption key, by session token.
SELECT session_token AS row_id, openai_api_key AS key FROM public.sessions
WHERE openai_api_key IS NOT NULL AND NOT openai_api_key ^@ %(prefix)s
  AND session_token > %(after)s
ORDER BY session_token LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- store_keys --
-- Store keys sealed with the current encryption key. Without a new value of updated_at, a trigger
-- would set it to now.
UPDATE public.sessions AS s
SET openai_api_key = k.sealed, updated_at = s.updated_at + INTERVAL '1 microsecond'
FROM unnest(%(rows)s::text[], %(keys)s::text[]) AS k (session_token, sealed)
WHERE s.session_token = k.session_token;

-- restore_times_of_keys --
-- Subtract the microsecond again, because updated_at decides whether a legacy row is newer.
UPDATE public.sessions SET updated_at = updated_at - INTERVAL '1 microsecond'
WHERE session_token = ANY (%(rows)s::text[]);

-- count_keys --
-- Count the keys that are not sealed with the current encryption key.
SELECT count(*) FROM public.sessions
WHERE openai_api_key IS NOT NULL AND NOT openai_api_key ^@ %(prefix)s;

-- next_auth_tokens --
-- Lock and return the Twilio auth tokens in `extra` that are not sealed with the current encryption
-- key, by session token.
SELECT session_token AS row_id, extra ->> 'twilioAuthToken' AS key FROM public.sessions
WHERE extra ? 'twilioAuthToken' AND NOT extra ->> 'twilioAuthToken' ^@ %(prefix)s
  AND session_token > %(after)s
ORDER BY session_token LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- store_auth_tokens --
-- Store auth tokens sealed with the current encryption key.
UPDATE public.sessions AS s
SET extra = s.extra || jsonb_build_object('twilioAuthToken', k.sealed),
  updated_at = s.updated_at + INTERVAL '1 microsecond'
FROM unnest(%(rows)s::text[], %(keys)s::text[]) AS k (session_token, sealed)
WHERE s.session_token = k.session_token;

-- count_auth_tokens --
-- Count the auth tokens that are not sealed with the current encryption key.
SELECT count(*) FROM public.sessions
WHERE extra ? 'twilioAuthToken' AND NOT extra ->> 'twilioAuthToken' ^@ %(prefix)s;

-- next_accounts --
-- Lock and return the students' Twilio accounts that are not sealed with the current encryption key,
-- by student id.
SELECT student_id::text AS row_id, twilio_account_sid AS key FROM public.students
WHERE twilio_account_sid <> '' AND NOT twilio_account_sid ^@ %(prefix)s
  AND student_id > %(after)s::uuid
ORDER BY student_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- store_accounts --
-- Store accounts sealed with the current encryption key.
UPDATE public.students AS st
SET twilio_account_sid = k.sealed, updated_at = st.updated_at + INTERVAL '1 microsecond'
FROM unnest(%(rows)s::uuid[], %(keys)s::text[]) AS k (student_id, sealed)
WHERE st.student_id = k.student_id;

-- restore_times_of_accounts --
-- Subtract the microsecond again, because updated_at decides whether a legacy row has a newer name.
UPDATE public.students SET updated_at = updated_at - INTERVAL '1 microsecond'
WHERE student_id = ANY (%(rows)s::uuid[]);

-- count_accounts --
-- Count the accounts that are not sealed with the current encryption key.
SELECT count(*) FROM public.students
WHERE twilio_account_sid <> '' AND NOT twilio_account_sid ^@ %(prefix)s;

-- next_kept_values --
-- Lock and return the values that the migration kept and that hold texts sealed with another key, by
-- session token.
SELECT session_token, exercises -> '_legacy' AS values FROM public.sessions
WHERE exercises ? '_legacy' AND session_token > %(after)s
  AND (exercises -> '_legacy')::text ~ %(pattern)s
ORDER BY session_token LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- store_kept_values --
-- Store values whose secret texts are sealed with the current encryption key.
UPDATE public.sessions AS s SET exercises = jsonb_set(s.exercises, '{_legacy}', %(values)s),
  updated_at = s.updated_at + INTERVAL '1 microsecond'
WHERE s.session_token = %(session_token)s;

-- count_kept_texts --
-- Count the texts in kept values that are sealed with another key.
SELECT count(*) FROM public.sessions,
  regexp_matches((exercises -> '_legacy')::text, %(pattern)s, 'g')
WHERE exercises ? '_legacy';
