-- Queries of lib/operations/schema/store.py.

-- try_lock_creation --
-- Take the lock of calls that create the schema, if it is free, and hold it until the transaction
-- ends; return whether it was free. The transaction waits at most 5 s for a table, so that nobody
-- waits long behind it.
SELECT pg_try_advisory_xact_lock(hashtextextended('stepwise.workshop.creation', 0)),
  set_config('lock_timeout', '5s', true);

-- existing_tables --
-- Return the tables of the workshop that exist, and the number of their rows.
SELECT table_name, row_count FROM pg_temp.workshop_tables();

-- context_tables --
-- Return the tables of the assessment and the study planner, with their schema.
SELECT schemaname || '.' || tablename AS name FROM pg_catalog.pg_tables
WHERE schemaname IN ('assessment', 'learning');

-- set_aside --
-- Rename the tables of the workshop; none is dropped.
SELECT table_name, new_name FROM pg_temp.set_aside_workshop_tables(%(stamp)s);
