-- Lets one migration run at a time; a second one waits for its end, at most 10 s, and then has
-- nothing to do.
SELECT set_config('lock_timeout', '10s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.migrations', 0));
