-- Queries of migrations/on_postgres.py and migrations/repeatable.py.

-- has_list_of_tables --
-- Return whether an upgrade has created the function that lists the project's tables.
SELECT to_regprocedure('stepwise.own_tables()') IS NOT NULL;

-- invalid_indexes --
-- List the invalid indexes that a failed concurrent build has left: no query uses them, but IF NOT
-- EXISTS finds them. Return the schema, name and table of each, and whether it is the remainder of a
-- failed rebuild of another index.
SELECT n.nspname, c.relname, n.nspname || '.' || t.relname, c.relname ~ '_ccnew\d*$'
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
WHERE NOT i.indisvalid AND c.relkind = 'i' AND i.indrelid IN (SELECT stepwise.own_tables())
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_stat_progress_create_index AS build
    WHERE build.index_relid = i.indexrelid)
ORDER BY 1, 2;

-- is_valid_index --
-- Return whether the index of this name is complete; no row if there is none.
SELECT i.indisvalid
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'learning' AND c.relname = %(name)s;

-- limit_waiting --
-- Limit the time for which a change waits for a lock; queries that arrive meanwhile wait behind it.
SELECT set_config('lock_timeout', '5s', false);

-- has_tables --
-- Return whether one of these tables of the learning context exists.
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_tables
  WHERE schemaname = 'learning' AND tablename = ANY (%(names)s::TEXT[]));
