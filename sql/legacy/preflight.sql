-- Queries of lib/legacy/preflight/store.py.

-- inspect_tables --
-- The legacy tables, with what decides whether they can be migrated and set aside. %(known)s are the
-- columns that the migration reads, under their names in workshop_students.
SELECT name AS table, lower(legacy.kind_of(name)) AS kind, pg_get_userbyid(c.relowner)::text AS owner,
  pg_has_role(c.relowner, 'USAGE') AS may_rename,
  (CASE c.relkind WHEN 'p' THEN (SELECT sum(pg_total_relation_size(relid))
                                 FROM pg_partition_tree(c.oid))
                  ELSE pg_total_relation_size(c.oid) END)::bigint AS bytes,
  CASE WHEN c.relforcerowsecurity THEN 'forced' WHEN c.relrowsecurity THEN 'on' ELSE 'off' END
    AS row_level_security,
  ARRAY(SELECT attname::text FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
      AND attname IN (SELECT legacy.column_of(c.oid, known, legacy.own_name(name, known))
        FROM unnest(%(known)s::text[]) AS known)
    ORDER BY attnum) AS known_columns,
  ARRAY(SELECT attname::text FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
      AND attname NOT IN (SELECT legacy.column_of(c.oid, known, legacy.own_name(name, known))
        FROM unnest(%(known)s::text[]) AS known)
    ORDER BY attnum) AS unknown_columns
FROM unnest(%(tables)s::text[]) WITH ORDINALITY AS listed (name, place)
JOIN pg_class AS c ON c.oid = to_regclass(format('public.%%I', name))
ORDER BY place;

-- tables_elsewhere --
-- Tables with the names of legacy tables in other schemas.
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = ANY (%(tables)s::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname <> 'public' AND n.nspname !~ '^pg_'
ORDER BY 1, 2;

-- inspect_role --
-- The role of this connection, and whether it sees every row despite row-level security.
SELECT current_user::text AS name, rolsuper OR rolbypassrls AS sees_every_row
FROM pg_roles WHERE rolname = current_user;

-- count_keys --
-- API keys of the legacy tables, encrypted and in plain text.
SELECT count(*) FILTER (WHERE legacy.is_sealed(key)) AS sealed,
  count(*) FILTER (WHERE NOT legacy.is_sealed(key)) AS plain
FROM (SELECT legacy.trimmed(openai_api_key) AS key FROM pg_temp.all_rows) AS keys
WHERE key IS NOT NULL;

-- sealed_keys --
-- Encrypted keys of the legacy tables, in an order that depends on neither time nor table.
SELECT session_token, key
FROM (SELECT session_token, legacy.trimmed(openai_api_key) AS key FROM pg_temp.all_rows) AS keys
WHERE key IS NOT NULL AND legacy.is_sealed(key)
ORDER BY hashtext(session_token) LIMIT %(limit)s;
