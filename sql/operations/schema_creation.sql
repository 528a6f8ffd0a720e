-- Queries of lib/operations/schema_creation.py; the functions stand in set_aside.sql.

-- take_turn --
-- True for the one call that may change the schema now; held until its transaction ends.
-- It waits at most 5 s for a lock, so that nobody waits long behind it.
SELECT pg_try_advisory_xact_lock(hashtextextended('stepwise.workshop.creation', 0)),
  set_config('lock_timeout', '5s', true);

-- existing_tables --
-- The workshop's tables that are there, and how many rows each has.
SELECT table_name, row_count FROM pg_temp.workshop_tables();

-- set_aside --
-- Rename the workshop's tables; nothing is dropped.
SELECT table_name, new_name FROM pg_temp.set_aside_workshop_tables(%(stamp)s);
