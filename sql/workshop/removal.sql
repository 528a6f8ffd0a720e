-- Queries of lib/workshop/instructor/removal.py.

-- remove_keys --
-- Remove the API keys of these sessions; how many had one.
UPDATE public.sessions SET openai_api_key = NULL
WHERE session_token = ANY (%(session_tokens)s) AND openai_api_key IS NOT NULL;

-- remove_older_keys --
-- The same in the older tables; how many there were.
SELECT public.remove_older_keys(%(session_tokens)s);

-- count_sessions --
-- How many of these sessions there are.
SELECT count(*) FROM public.sessions WHERE session_token = ANY (%(session_tokens)s);

-- remove_sessions --
-- Remove these sessions with their steps, events and rows of the older tables, and remember it;
-- their students stay.
SELECT sessions, older_rows FROM public.remove_sessions(%(session_tokens)s);

-- remove_student --
-- Remove a person everywhere in the workshop, older tables included; what there was.
SELECT * FROM public.remove_student(%(student_email)s);
