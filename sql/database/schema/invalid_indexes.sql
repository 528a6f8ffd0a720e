-- Reports indexes of the project that a failed concurrent build has left invalid: no query uses
-- them, and CREATE INDEX IF NOT EXISTS takes them for complete. `migrate.py upgrade` has tried to
-- rebuild them before it runs this script; deployed functions cannot, because rebuilding an index
-- of a large table takes too long.

DO $$
DECLARE
  v_index RECORD;
BEGIN
  FOR v_index IN
    SELECT n.nspname || '.' || c.relname AS name, n.nspname || '.' || t.relname AS table_name
    FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
    WHERE NOT i.indisvalid AND c.relkind = 'i' AND i.indrelid IN (SELECT stepwise.own_tables())
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_stat_progress_create_index AS build
        WHERE build.index_relid = i.indexrelid)
    ORDER BY 1
  LOOP
    RAISE NOTICE '%: this index of % is invalid; `python migrate.py upgrade` rebuilds it',
      v_index.name, v_index.table_name USING ERRCODE = 'SW001';
  END LOOP;
END
$$;
