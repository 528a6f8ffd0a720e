-- Queries of lib/database/postgres.py and migrations/on_postgres.py about the cause of a rollback.

-- tables_of_trigger --
-- List the tables whose triggers run a function.
SELECT DISTINCT n.nspname || '.' || c.relname AS name
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE t.tgfoid = to_regprocedure(%(function)s) AND NOT t.tgisinternal
ORDER BY name;

-- locks_of_others --
-- List the tables that other connections have locked, with the ids of their processes; those that are
-- only being read are left out if there are others.
WITH locks AS (
  SELECT n.nspname || '.' || c.relname AS table_name, l.pid, l.mode = 'AccessShareLock' AS reading
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'v', 'm')
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE l.granted AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    AND n.nspname IN ('public', 'assessment', 'learning', 'legacy', 'stepwise')
)
SELECT DISTINCT table_name, pid FROM locks
WHERE reading = (SELECT bool_and(reading) FROM locks)
ORDER BY table_name, pid LIMIT 20;
