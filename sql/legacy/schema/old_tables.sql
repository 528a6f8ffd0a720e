-- Functions that set the legacy tables aside and bring them back. Renaming keeps rows, indexes and
-- rights; only those that Supabase gives everybody end when a table is set aside.

-- Drop functions of earlier versions.
DROP FUNCTION IF EXISTS legacy.make_room(TEXT, JSONB), legacy.take_lines(TEXT, TEXT[]),
  legacy.prepare_table(TEXT, JSONB), legacy.insert_lines(TEXT, TEXT[]);

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
