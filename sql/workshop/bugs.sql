-- Queries of lib/workshop/progress/bug_reports.py; the function stands in functions.sql.

-- report_bug --
-- Keep a bug report, return its number.
SELECT public.report_bug(%(session_token)s, %(report)s);
