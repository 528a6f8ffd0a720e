-- Queries of lib/database/advisory_lock.py.

-- try_lock --
-- True if no migration, clean-up, restore, rotation, removal or schema change is running; the lock
-- ends with its transaction.
SELECT pg_try_advisory_xact_lock(hashtextextended('stepwise.legacy', 0));

-- try_shared_lock --
-- The same for removals, which do not keep one another out. They must not overlap with a migration,
-- because what it holds would come back with it.
SELECT pg_try_advisory_xact_lock_shared(hashtextextended('stepwise.legacy', 0)),
  set_config('lock_timeout', '5s', true);

-- limit_transaction --
-- Limits and settings of one call's transaction.
SELECT set_config('TimeZone', 'UTC', true),
  set_config('lock_timeout', '3s', true),
  set_config('statement_timeout', '25s', true),
  set_config('work_mem', '64MB', true),
  set_config('enable_memoize', 'off', true),
  set_config('jit', 'off', true),  -- compiling costs more than it saves in a batch
  -- What a batch looks up was just written, so it is in memory: an index beats reading the whole.
  set_config('random_page_cost', '1.1', true),
  set_config('default_statistics_target', '2', true);  -- for ANALYZE within it: sizes, no details
