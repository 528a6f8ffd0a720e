-- Queries of lib/workshop/removal.py.

-- remove_keys --
-- Remove the API keys of these sessions; how many had one.
UPDATE public.sessions SET openai_api_key = NULL
WHERE session_token = ANY (%(session_tokens)s) AND openai_api_key IS NOT NULL;

-- count_sessions --
-- How many of these sessions there are.
SELECT count(*) FROM public.sessions WHERE session_token = ANY (%(session_tokens)s);

-- remove_sessions --
-- Remove these sessions with their steps and events; their students stay.
DELETE FROM public.sessions WHERE session_token = ANY (%(session_tokens)s);

-- remove_student --
-- Remove a person everywhere in the workshop, older tables included; what there was.
SELECT * FROM public.remove_student(%(student_email)s);
