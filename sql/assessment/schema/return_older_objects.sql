-- Recreates the policies of older deployments' tables that free_older_tables.sql dropped for the
-- duration of the upgrade, and enables the triggers that it disabled. Those that do not fit the changed
-- columns are reported, and the definitions of such policies are kept.

SELECT set_config('lock_timeout', '5s', true);

DO $$
DECLARE
  v_object RECORD;
BEGIN
  FOR v_object IN SELECT * FROM pg_temp.older_objects WHERE kind = 'policy' LOOP
    BEGIN
      EXECUTE format('%s', v_object.definition);
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)
      VALUES ('pg_policies', 'a policy that does not fit the changed columns', to_jsonb(v_object));
      RAISE NOTICE '%: the policy % was dropped, because it does not fit the changed columns (%). Its '
        'definition is in assessment.set_aside_rows', v_object.relation, v_object.name, SQLERRM
        USING ERRCODE = 'SW001';
    END;
  END LOOP;
  FOR v_object IN SELECT * FROM pg_temp.older_objects WHERE kind LIKE '%trigger' LOOP
    -- A function that mentions a column whose type has changed may fail for every new row.
    IF EXISTS (
      SELECT FROM unnest(v_object.columns) AS c (name)
      WHERE v_object.definition ~* ('\m' || c.name || '\M'))
    THEN
      RAISE NOTICE '%: the trigger % stays disabled, because its function mentions a column whose type has '
        'changed. Change it, then ALTER TABLE % ENABLE TRIGGER %', v_object.relation, v_object.name,
        v_object.relation, quote_ident(v_object.name) USING ERRCODE = 'SW001';
    ELSE
      EXECUTE format('ALTER TABLE %s ENABLE %s TRIGGER %I', v_object.relation,
        CASE v_object.kind WHEN 'always trigger' THEN 'ALWAYS' ELSE '' END, v_object.name);
    END IF;
  END LOOP;
END
$$;

DROP TABLE pg_temp.older_objects;
DROP TABLE pg_temp.needed_columns;
