-- Functions that set aside the legacy tables, or views with their names, and bring them back. Renaming
-- keeps rows, indexes and rights; only the rights that Supabase gives everybody end when a table is set
-- aside.

-- Drop functions of earlier versions.
DROP FUNCTION IF EXISTS legacy.make_room(TEXT, JSONB), legacy.take_lines(TEXT, TEXT[]),
  legacy.prepare_table(TEXT, JSONB), legacy.insert_lines(TEXT, TEXT[]);

-- Return the kind of a table or view, as COMMENT and DROP name it; null if it does not exist.
CREATE OR REPLACE FUNCTION legacy.kind_of(p_table TEXT) RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                      WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END
  FROM pg_class WHERE oid = to_regclass(format('public.%I', p_table))
$$;

-- Rename public.<p_table> to <p_table>_backup_<p_stamp>, or add _2, _3 … if that name is in use.
CREATE OR REPLACE FUNCTION legacy.set_aside(p_table TEXT, p_stamp TEXT)
RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
  v_name TEXT := p_table || '_backup_' || p_stamp;
  v_number INTEGER := 1;
BEGIN
  IF to_regclass(format('public.%I', p_table)) IS NULL THEN
    RETURN NULL;
  END IF;
  WHILE to_regclass(format('public.%I', v_name)) IS NOT NULL LOOP
    v_number := v_number + 1;
    v_name := p_table || '_backup_' || p_stamp || '_' || v_number;
  END LOOP;
  EXECUTE format('ALTER TABLE public.%I RENAME TO %I', p_table, v_name);
  EXECUTE format('COMMENT ON %s public.%I IS %L', legacy.kind_of(v_name), v_name,
    'set aside ' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'));
  PERFORM stepwise.revoke_api_rights();
  RETURN v_name;
END $$;

-- Count the rows of a legacy table or of its backup, and the rows whose token has no session; the
-- second count leaves out rows of sessions and people that an operator removed. Without the unified
-- tables, it is the number of all rows.
CREATE OR REPLACE FUNCTION legacy.rows_of(p_table TEXT, p_original TEXT)
RETURNS TABLE (row_count BIGINT, without_session BIGINT) LANGUAGE plpgsql AS $$
DECLARE
  v_token TEXT;
  v_email TEXT;
BEGIN
  IF to_regclass('public.sessions') IS NULL OR to_regclass('public.removals') IS NULL THEN
    RETURN QUERY EXECUTE format('SELECT count(*), count(*) FROM public.%I', p_table);
    RETURN;
  END IF;
  SELECT coalesce('t.' || quote_ident(max(actual) FILTER (WHERE name = 'session_token')), 'NULL')
      || '::text',
    coalesce('t.' || quote_ident(max(actual) FILTER (WHERE name = 'student_email')), 'NULL')
      || '::text'
    INTO v_token, v_email
    FROM unnest(ARRAY['session_token', 'student_email']) AS name,
      LATERAL (SELECT format('public.%I', p_table)::regclass AS relation) AS backup,
      LATERAL (SELECT coalesce(
        public.older_column(relation, legacy.own_name(p_original, name)),
        public.older_column(relation, name)) AS actual) AS present;
  RETURN QUERY EXECUTE format('SELECT count(*), count(*) FILTER (
      WHERE legacy.token_of(%1$s) IS NOT NULL
      AND NOT EXISTS (SELECT FROM public.sessions AS s WHERE s.session_token = %1$s)
      AND NOT EXISTS (SELECT FROM public.sessions AS s
        WHERE s.session_token = legacy.persons_token(%1$s, legacy.email_of(%2$s, %1$s)))
      AND NOT EXISTS (SELECT FROM public.removals AS r
        WHERE r.kind = ''session'' AND r.name_sha256 IN (public.removal_key(%1$s),
            public.removal_key(legacy.persons_token(%1$s, legacy.email_of(%2$s, %1$s))))
          OR r.kind = ''student''
            AND r.name_sha256 = public.removal_key(public.normalized_email(%2$s))))
    FROM public.%3$I AS t', v_token, v_email, p_table);
END $$;

-- Return the backups of the legacy tables.
CREATE OR REPLACE FUNCTION legacy.backup_tables()
RETURNS TABLE (original TEXT, table_name TEXT, set_aside TEXT, row_count BIGINT,
  without_session BIGINT) LANGUAGE sql AS $$
  SELECT name, relname::text, obj_description(c.oid, 'pg_class'), counts.row_count,
    counts.without_session
  FROM unnest(ARRAY['workshop_students', 'student_configs', 'workshop_sessions']) AS name
  JOIN pg_class AS c ON relnamespace = 'public'::regnamespace
    AND relkind IN ('r', 'p', 'v', 'm', 'f')
    AND relname ~ ('^' || name || '_backup_[0-9]+(_[0-9]+)*$'),
  LATERAL legacy.rows_of(relname::text, name) AS counts
$$;

-- Return whether a legacy table holds a row.
CREATE OR REPLACE FUNCTION legacy.any_row() RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  v_table TEXT;
  v_has_rows BOOLEAN;
BEGIN
  FOREACH v_table IN ARRAY ARRAY['workshop_students', 'student_configs', 'workshop_sessions'] LOOP
    CONTINUE WHEN to_regclass(format('public.%I', v_table)) IS NULL;
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', v_table) INTO v_has_rows;
    IF v_has_rows THEN
      RETURN TRUE;
    END IF;
  END LOOP;
  RETURN FALSE;
END $$;

-- Give a backup its original name. A backup with rows that have no session is preferred, then one with
-- rows, then any; of several such backups, the one that was set aside last. A table that has this name
-- now is set aside first.
-- Return the name that the backup had; null if there is no backup, or if nothing is renamed because
-- the table has rows without a session, the backup has no rows, or both have rows and every row of
-- the backup has a session.
CREATE OR REPLACE FUNCTION legacy.bring_back(p_table TEXT)
RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
  v_backup RECORD;
  v_present RECORD;
BEGIN
  SELECT * INTO v_backup FROM legacy.backup_tables() WHERE original = p_table
    ORDER BY without_session > 0 DESC, row_count > 0 DESC, set_aside DESC NULLS LAST,
      table_name DESC LIMIT 1;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF to_regclass(format('public.%I', p_table)) IS NOT NULL THEN
    SELECT * INTO v_present FROM legacy.rows_of(p_table, p_table);
    IF v_present.without_session > 0 OR v_backup.row_count = 0
       OR v_backup.without_session = 0 AND v_present.row_count > 0 THEN
      RETURN NULL;
    END IF;
    PERFORM legacy.set_aside(
      p_table, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD'));
  END IF;
  EXECUTE format('ALTER TABLE public.%I RENAME TO %I', v_backup.table_name, p_table);
  EXECUTE format('COMMENT ON %s public.%I IS NULL', legacy.kind_of(p_table), p_table);
  RETURN v_backup.table_name;
END $$;

-- The tables that dropExisting of admin-create-unified-schema sets aside together, because they
-- refer to each other.
CREATE OR REPLACE FUNCTION legacy.unified_tables() RETURNS TEXT[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY['students', 'sessions', 'step_progress', 'events', 'enrollments']
$$;

-- Return the number of rows of each set of unified tables that dropExisting set aside, the newest
-- set first.
CREATE OR REPLACE FUNCTION legacy.unified_set_aside()
RETURNS TABLE (stamp TEXT, row_count BIGINT) LANGUAGE plpgsql AS $$
DECLARE
  v_table TEXT;
  v_rows BIGINT;
BEGIN
  FOR stamp IN
    SELECT substring(relname FROM 'sessions_old_(.*)') FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND relname ~ '^sessions_old_[0-9]{8}_[0-9]{6}$'
      AND to_regclass(format('public.%I', 'students' || substr(relname, 9))) IS NOT NULL
    ORDER BY relname DESC
  LOOP
    row_count := 0;
    FOREACH v_table IN ARRAY legacy.unified_tables() LOOP
      CONTINUE WHEN to_regclass(format('public.%I', v_table || '_old_' || stamp)) IS NULL;
      EXECUTE format('SELECT count(*) FROM public.%I', v_table || '_old_' || stamp) INTO v_rows;
      row_count := row_count + v_rows;
    END LOOP;
    RETURN NEXT;
  END LOOP;
END $$;

-- Replace the suffix in the names of the unified tables and of their indexes and sequences.
CREATE OR REPLACE FUNCTION legacy.rename_unified(p_suffix TEXT, p_new_suffix TEXT)
RETURNS TABLE (table_name TEXT, new_name TEXT) LANGUAGE plpgsql AS $$
DECLARE
  v_table TEXT;
  v_part RECORD;
BEGIN
  FOREACH v_table IN ARRAY legacy.unified_tables() LOOP
    table_name := v_table || p_suffix;
    new_name := v_table || p_new_suffix;
    CONTINUE WHEN to_regclass(format('public.%I', table_name)) IS NULL
      -- Another application may have a table of this name.
      OR v_table = 'enrollments' AND to_regclass(format('public.%I', table_name)) NOT IN (
        SELECT own FROM stepwise.own_tables() AS own);
    FOR v_part IN
      SELECT c.relname, c.relkind FROM pg_class AS c
      WHERE c.relnamespace = 'public'::regnamespace
        AND right(c.relname, length(p_suffix)) = p_suffix AND (
          c.oid IN (SELECT i.indexrelid FROM pg_index AS i
                    WHERE i.indrelid = format('public.%I', table_name)::regclass)
          OR c.relkind = 'S' AND c.oid IN (SELECT d.objid FROM pg_depend AS d
            WHERE d.refobjid = format('public.%I', table_name)::regclass
              AND d.deptype IN ('a', 'i')))
    LOOP
      EXECUTE format('ALTER %s public.%I RENAME TO %I',
        CASE v_part.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'INDEX' END, v_part.relname,
        left(left(v_part.relname, length(v_part.relname) - length(p_suffix)),
          63 - length(p_new_suffix)) || p_new_suffix);
    END LOOP;
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', table_name, new_name);
    RETURN NEXT;
  END LOOP;
END $$;

-- Bring back, under their original names, the newest set of unified tables that dropExisting set aside
-- and that has rows. The present tables, which have to be empty, are set aside instead.
-- Return no row if nothing was brought back.
CREATE OR REPLACE FUNCTION legacy.bring_back_unified()
RETURNS TABLE (table_name TEXT, new_name TEXT) LANGUAGE plpgsql AS $$
DECLARE
  v_stamp TEXT;
  v_moment TIMESTAMP := clock_timestamp() AT TIME ZONE 'UTC';
  v_new_suffix TEXT;
BEGIN
  SELECT stamp INTO v_stamp FROM legacy.unified_set_aside() WHERE row_count > 0 LIMIT 1;
  IF NOT FOUND OR NOT legacy.unified_is_empty() THEN
    RETURN;
  END IF;
  LOOP
    v_new_suffix := '_old_' || to_char(v_moment, 'YYYYMMDD_HH24MISS');
    EXIT WHEN to_regclass(format('public.%I', 'sessions' || v_new_suffix)) IS NULL;
    v_moment := v_moment + INTERVAL '1 second';
  END LOOP;
  PERFORM legacy.rename_unified('', v_new_suffix);
  RETURN QUERY SELECT * FROM legacy.rename_unified('_old_' || v_stamp, '');
END $$;

-- Return whether no unified table holds a row; one that is missing holds none. Enrollments do not count:
-- without students, they are what the rollback block of the migration guide left, see
-- docs/rollback.md.
CREATE OR REPLACE FUNCTION legacy.unified_is_empty() RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  v_table TEXT;
  v_has_rows BOOLEAN;
BEGIN
  FOREACH v_table IN ARRAY array_remove(legacy.unified_tables(), 'enrollments') LOOP
    CONTINUE WHEN to_regclass(format('public.%I', v_table)) IS NULL;
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', v_table) INTO v_has_rows;
    IF v_has_rows THEN
      RETURN FALSE;
    END IF;
  END LOOP;
  RETURN TRUE;
END $$;
