-- Queries of lib/operations/key_rotation.py.

-- next_keys --
-- Keys that are not sealed with the current encryption key, in the order of their tokens.
SELECT session_token, openai_api_key FROM public.sessions
WHERE openai_api_key IS NOT NULL AND NOT openai_api_key ^@ %(prefix)s
  AND session_token > %(after)s
ORDER BY session_token LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- store_keys --
-- The same keys under the current one. The trigger would set updated_at to now if nobody else did.
UPDATE public.sessions AS s
SET openai_api_key = k.sealed, updated_at = s.updated_at + INTERVAL '1 microsecond'
FROM unnest(%(tokens)s::text[], %(keys)s::text[]) AS k (session_token, sealed)
WHERE s.session_token = k.session_token;

-- keep_times --
-- What they say is no newer than before, and updated_at decides between legacy rows and these: back
-- to what it was, to the microsecond.
UPDATE public.sessions SET updated_at = updated_at - INTERVAL '1 microsecond'
WHERE session_token = ANY (%(tokens)s::text[]);

-- count_left --
-- Keys that are still under another.
SELECT count(*) FROM public.sessions
WHERE openai_api_key IS NOT NULL AND NOT openai_api_key ^@ %(prefix)s;
