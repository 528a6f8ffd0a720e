-- Queries of lib/operations/backup.py and restore.py. Table names come from a fixed list.

-- read_snapshot --
-- Everything as it stands at one moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- set_limits --
-- Settings of the transaction.
SELECT set_config('TimeZone', 'UTC', true), set_config('statement_timeout', '25s', true);

-- describe_table --
-- Columns and types, empty where there is no such table.
SELECT attname AS name, format_type(atttypid, atttypmod) AS type
FROM pg_attribute
WHERE attrelid = to_regclass(format('public.%%I', %(table)s::text)) AND attnum > 0
  AND NOT attisdropped
ORDER BY attnum;

-- count_rows --
-- Before they are read.
SELECT count(*) FROM public.{table};

-- select_rows --
-- Rows as JSON without their API key, the key and the token beside it.
SELECT (to_jsonb(t) - {field})::text, {key}, {token} FROM public.{table} AS t;

-- record_backup --
-- Where it went.
INSERT INTO legacy.backups (name, location, rows, bytes, sha256)
VALUES (%(name)s, %(location)s, %(rows)s, %(bytes)s, %(sha256)s);

-- make_room --
-- Whether rows of a backup may come into the table: it is made if it is a legacy table.
SELECT legacy.make_room(%(table)s, %(columns)s);

-- make_lines --
-- Where the rows of a table arrive.
CREATE TEMP TABLE lines (line JSONB) ON COMMIT DROP;

-- copy_lines --
-- As JSON.
COPY pg_temp.lines (line) FROM STDIN;

-- take_lines --
-- Into their table; how many.
SELECT legacy.take_lines(%(table)s, %(columns)s::text[]);

-- end_restore --
-- Sequences go on after the greatest id.
SELECT setval(pg_get_serial_sequence('public.step_progress', 'id'),
    greatest((SELECT max(id) FROM public.step_progress), 1)),
  setval(pg_get_serial_sequence('public.events', 'id'),
    greatest((SELECT max(id) FROM public.events), 1));

-- remove_again --
-- Whoever was removed since the backup was written; how many people.
SELECT public.remove_again();
