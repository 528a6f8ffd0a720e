-- Queries of lib/operations/backups/store.py. The names in `{braces}` come from the database's
-- catalog and are quoted by the driver.

-- read_snapshot --
-- Let the transaction read every table as of one moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- set_limits --
-- Set the time zone and the time limit of the transaction, and make a query fail if row-level security
-- would hide rows from it.
SELECT set_config('TimeZone', 'UTC', true), set_config('statement_timeout', '25s', true),
  set_config('row_security', 'off', true);

-- list_tables --
-- Return every table and view with facts that show whether it is ours and whether all its rows can be read.
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name, c.relkind::text AS kind,
  ARRAY(
    SELECT attname::text FROM pg_catalog.pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum
  ) AS columns,
  ARRAY(
    SELECT DISTINCT parent_schema.nspname || '.' || parent.relname
    FROM pg_catalog.pg_constraint AS f
    JOIN pg_catalog.pg_class AS parent ON parent.oid = f.confrelid
    JOIN pg_catalog.pg_namespace AS parent_schema ON parent_schema.oid = parent.relnamespace
    WHERE f.conrelid = c.oid AND f.contype = 'f'
  ) AS parents,
  has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable,
  row_security_active(c.oid) AS partly_hidden
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, 2;

-- describe_table --
-- Return the columns of a table, with the facts needed to create the table again. Only values of plain
-- types survive conversion to JSON and back: values of json may be invalid as jsonb, and values of
-- arrays, domains, enumerations and rows depend on types that another database may lack.
SELECT a.attname::text AS name, format_type(a.atttypid, NULL) AS type, a.atttypmod AS typmod,
  a.attnotnull AS required,
  a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) ^@ 'nextval(', false) AS counter,
  coalesce(array_position(k.conkey, a.attnum), 0) AS key,
  a.atttypid = 'json'::regtype OR y.typtype <> 'b' OR y.typcategory = 'A'
    OR y.typnamespace <> 'pg_catalog'::regnamespace AS as_text
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attrdef AS d
  ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated = ''
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = a.attrelid AND k.contype = 'p'
WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;

-- count_rows --
-- Count the rows of a table.
SELECT count(*) FROM {table};

-- select_rows --
-- Return each row as JSON without its secrets, then its secrets, then its identifier.
SELECT row_to_json(r)::text, ARRAY[{secrets}]::text[], {token}::text
FROM {table} AS t CROSS JOIN LATERAL (SELECT {columns}) AS r;

-- record_backup --
-- Record a backup that was written.
INSERT INTO legacy.backups (name, location, rows, bytes, sha256)
VALUES (%(name)s, %(location)s, %(rows)s, %(bytes)s, %(sha256)s);

-- create_lines --
-- Create the table that receives the rows of a backup as JSON.
CREATE TEMP TABLE lines (line JSON) ON COMMIT DROP;

-- create_table --
-- Create a table as the backup describes it.
SELECT pg_temp.create_table(%(schema)s, %(table)s, %(columns)s);

-- prepare_table --
-- Lock a table and add the columns that only the backup has; return their names, null if the table has rows.
SELECT pg_temp.prepare_table(%(schema)s, %(table)s, %(columns)s);

-- copy_lines --
-- Receive the rows of a backup.
COPY pg_temp.lines (line) FROM STDIN;

-- insert_lines --
-- Move the received rows into their table; return their number.
SELECT pg_temp.insert_lines(
  %(schema)s, %(table)s, %(columns)s::text[], %(texts)s::text[]
);

-- advance_sequences --
-- Let the sequences of a table's columns continue after the greatest restored number.
SELECT pg_temp.advance_sequences(%(schema)s, %(table)s);

-- remove_again --
-- Remove the people whom an operator removed after the backup was written; return their number.
SELECT public.remove_again();

-- has_removals_of_tests --
-- Return whether the assessment records removals.
SELECT to_regprocedure('assessment.remove_again()') IS NOT NULL;

-- remove_tests_again --
-- Remove the test data of people whom an operator removed after the backup was written; return their number.
SELECT assessment.remove_again();

-- has_removals_of_planner_users --
-- Return whether the study planner records removals.
SELECT to_regprocedure('learning.remove_again()') IS NOT NULL;

-- remove_planner_users_again --
-- Remove the users of the study planner whom an operator removed after the backup was written; return
-- their number.
SELECT learning.remove_again();
