-- Queries of lib/database/advisory_lock.py. The lock has the name of the migration of legacy
-- tables, which was the first to take it.

-- try_lock --
-- Try to take the lock, which is held until the transaction ends; return whether that succeeded. From then on, a
-- statement fails if row-level security would hide rows from it: a hidden row must not pass for an
-- absent one.
SELECT pg_try_advisory_xact_lock(hashtextextended('stepwise.legacy', 0)),
  set_config('row_security', 'off', true);

-- try_shared_lock --
-- Try to take the same lock for an operator's removal or change of a student, session or course. These
-- may overlap each other, but not a migration, which would undo them. A statement fails if rows are hidden from it.
SELECT pg_try_advisory_xact_lock_shared(hashtextextended('stepwise.legacy', 0)),
  set_config('row_security', 'off', true),
  set_config('lock_timeout', '5s', true);

-- limit_transaction --
-- Set the limits and settings of one call's transaction.
SELECT set_config('TimeZone', 'UTC', true),
  set_config('lock_timeout', '3s', true),
  set_config('statement_timeout', '25s', true),
  set_config('work_mem', '64MB', true),
  set_config('enable_memoize', 'off', true),
  set_config('jit', 'off', true),  -- compiling costs more than it saves in a batch
  -- A batch looks up rows that were just written and are in memory, so an index is fast.
  set_config('random_page_cost', '1.1', true),
  set_config('default_statistics_target', '2', true);  -- ANALYZE needs only the sizes
