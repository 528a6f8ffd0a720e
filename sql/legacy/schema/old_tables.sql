-- Functions that set the legacy tables aside, bring them back, and restore them from a backup.
-- Renaming keeps rows, indexes and rights; only those that Supabase gives everybody end when a table is
-- set aside.

-- Drop functions by the names that earlier versions gave them.
DROP FUNCTION IF EXISTS legacy.make_room(TEXT, JSONB), legacy.take_lines(TEXT, TEXT[]);

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
  EXECUTE format('COMMENT ON TABLE public.%I IS %L', v_name,
    'set aside ' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'));
  PERFORM stepwise.revoke_api_rights();
  RETURN v_name;
END $$;

-- Restore the name of the table that was last set aside; return null if there is none or the name
-- is in use.
CREATE OR REPLACE FUNCTION legacy.bring_back(p_table TEXT)
RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
  v_name TEXT;
BEGIN
  IF to_regclass(format('public.%I', p_table)) IS NOT NULL THEN
    RETURN NULL;
  END IF;
  SELECT relname INTO v_name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND relname ~ ('^' || p_table || '_backup_[0-9]+(_[0-9]+)*$')
    ORDER BY obj_description(oid, 'pg_class') DESC NULLS LAST, relname DESC LIMIT 1;
  IF v_name IS NOT NULL THEN
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', v_name, p_table);
    EXECUTE format('COMMENT ON TABLE public.%I IS NULL', p_table);
  END IF;
  RETURN v_name;
END $$;

-- Return whether a table exists and is empty, ready for the rows of a backup. A missing legacy
-- table is created with the columns of the backup: [{"name": "session_token", "type": "text"}, …].
CREATE OR REPLACE FUNCTION legacy.prepare_table(p_table TEXT, p_columns JSONB)
RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  v_empty BOOLEAN;
BEGIN
  IF to_regclass(format('public.%I', p_table)) IS NULL THEN
    IF p_table NOT IN ('workshop_students', 'student_configs', 'workshop_sessions') THEN
      RETURN FALSE;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (%s)', p_table, (
      SELECT string_agg(format('%I %s', c.name, c.type::regtype), ', ')
      FROM jsonb_to_recordset(p_columns) AS c (name TEXT, type TEXT)));
    PERFORM stepwise.close_table(format('public.%I', p_table)::REGCLASS);
    RETURN TRUE;
  END IF;
  EXECUTE format('SELECT NOT EXISTS (SELECT FROM public.%I)', p_table) INTO v_empty;
  RETURN v_empty;
END $$;

-- Move pg_temp.lines into the table, without the columns that the table does not have; return the
-- number of rows.
CREATE OR REPLACE FUNCTION legacy.insert_lines(p_table TEXT, p_columns TEXT[])
RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  v_columns TEXT;
  v_rows BIGINT;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ') INTO v_columns
    FROM pg_attribute
    WHERE attrelid = to_regclass(format('public.%I', p_table)) AND attnum > 0
      AND NOT attisdropped AND attname = ANY (p_columns);
  EXECUTE format('INSERT INTO public.%1$I (%2$s) SELECT %2$s FROM pg_temp.lines,
    jsonb_populate_record(NULL::public.%1$I, line)', p_table, v_columns);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  TRUNCATE pg_temp.lines;
  RETURN v_rows;
END $$;
