-- Queries of lib/workshop/help/store.py; the function is defined in schema/support.sql.

-- set_help --
-- Raise or end a session's request for help; return no row if there is no such session.
SELECT help_asked_at
FROM public.set_help(%(session_token)s, %(raised)s, %(event_type)s);
