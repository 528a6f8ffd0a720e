-- Merges twins: tables in `public` that the CREATE TABLE statements of the guides made although
-- their counterparts in `assessment` exist. Runs after tables.sql, and before
-- upgrade_older_tables.sql, which gives merged questions their place in a pool.
--
-- A row with a new id is moved, a row that is equal to the stored one is dropped, and any other row
-- is set aside whole. Then the twin is removed.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

-- Move one row of a twin, as JSON, into its counterpart. Returns 'moved', 'equal' or the reason why
-- the row has to be set aside.
CREATE OR REPLACE FUNCTION pg_temp.merge_row(p_table TEXT, p_row JSONB) RETURNS TEXT
LANGUAGE plpgsql AS $$
DECLARE
  v_target REGCLASS := format('assessment.%I', p_table)::regclass;
  v_stored JSONB;
  v_columns TEXT;
  v_constraint TEXT;
BEGIN
  EXECUTE format('SELECT to_jsonb(t) FROM assessment.%I t WHERE t.id::text = $1', p_table)
    INTO v_stored USING p_row ->> 'id';
  IF v_stored IS NOT NULL THEN
    RETURN CASE WHEN EXISTS (
      SELECT FROM jsonb_each(p_row) AS member
      WHERE member.value <> 'null' AND v_stored -> member.key IS DISTINCT FROM member.value
    ) THEN 'another row has this id' ELSE 'equal' END;
  END IF;
  IF EXISTS (
    SELECT FROM jsonb_each(p_row) AS member
    WHERE member.value <> 'null' AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = v_target AND a.attname = member.key AND a.attnum > 0
        AND NOT a.attisdropped)
  ) THEN
    RETURN 'it has columns that the table lacks';
  END IF;
  SELECT string_agg(quote_ident(member.key), ', ') INTO v_columns
  FROM jsonb_each(p_row) AS member WHERE member.value <> 'null';
  EXECUTE format(
    'INSERT INTO assessment.%I (%s) SELECT %s FROM jsonb_populate_record(NULL::assessment.%I, $1)',
    p_table, v_columns, v_columns, p_table) USING p_row;
  RETURN 'moved';
EXCEPTION
  WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
    RETURN 'it violates ' || coalesce(nullif(v_constraint, ''), 'a constraint');
  WHEN data_exception OR datatype_mismatch OR invalid_text_representation THEN
    RETURN 'a value does not fit the type of its column';
  WHEN generated_always THEN
    RETURN 'a column generates its values itself';
END
$$;

DO $$
DECLARE
  twin RECORD;
  twin_row RECORD;
  outcome TEXT;
  moved INT;
  equal INT;
  set_aside TEXT[];
  merged TEXT[] := '{}';
  row_ids TEXT;
  dependents TEXT;
BEGIN
  SET LOCAL row_security = off;  -- raise an error where a policy would hide rows
  FOR twin IN SELECT * FROM pg_temp.assessment_tables_in_public() WHERE recognised LOOP
    moved := 0;
    equal := 0;
    set_aside := '{}';
    EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', twin.former_name);
    FOR twin_row IN EXECUTE format('SELECT to_jsonb(t) AS members FROM public.%I t',
                                   twin.former_name)
    LOOP
      outcome := pg_temp.merge_row(twin.table_name, twin_row.members);
      CASE outcome
        WHEN 'moved' THEN moved := moved + 1;
        WHEN 'equal' THEN equal := equal + 1;
        ELSE
          INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)
          VALUES ('public.' || twin.former_name, outcome, twin_row.members);
          set_aside := set_aside || coalesce(twin_row.members ->> 'id', '(no id)');
      END CASE;
    END LOOP;
    IF moved + equal + cardinality(set_aside) = 0 THEN
      RAISE NOTICE 'public.%: empty twin of assessment.% removed',
        twin.former_name, twin.table_name USING ERRCODE = 'SW001';
    ELSE
      row_ids := array_to_string(set_aside[1:20], ', ')
        || CASE WHEN cardinality(set_aside) > 20 THEN ', …' ELSE '' END;
      RAISE NOTICE 'public.%: twin of assessment.% merged; rows moved: %, equal: %, set aside in '
        'assessment.set_aside_rows: %', twin.former_name, twin.table_name, moved, equal,
        cardinality(set_aside) || CASE WHEN row_ids = '' THEN '' ELSE format(' (%s)', row_ids) END
        USING ERRCODE = 'SW001';
    END IF;
    merged := twin.former_name || merged;
  END LOOP;

  -- Children first, because twins may refer to each other.
  FOR twin IN SELECT unnest(merged) AS former_name LOOP
    BEGIN
      EXECUTE format('DROP TABLE public.%I', twin.former_name);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      GET STACKED DIAGNOSTICS dependents = PG_EXCEPTION_DETAIL;
      RAISE EXCEPTION 'public.% duplicates a table of the schema assessment and cannot be removed: %. '
        'Drop what depends on it, or rename it.', twin.former_name, replace(dependents, E'\n', ', ')
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
    END;
  END LOOP;
END
$$;

DROP FUNCTION pg_temp.merge_row (TEXT, JSONB);
DROP FUNCTION pg_temp.assessment_tables_in_public ();
