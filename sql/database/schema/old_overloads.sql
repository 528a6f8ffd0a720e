-- Remove old overloads: CREATE OR REPLACE FUNCTION with another signature leaves the function with
-- the old one in place, and a call that fits both is then ambiguous. This runs in a
-- transaction that has just replaced functions of the project; their xmin shows which.
DO $$
DECLARE
  old REGPROCEDURE;
BEGIN
  FOR old IN
    SELECT other.oid
    FROM pg_proc AS current
    JOIN pg_proc AS other USING (pronamespace, proname)
    WHERE current.pronamespace::REGNAMESPACE::TEXT IN ('public', 'assessment', 'learning', 'legacy')
      -- Savepoints have transaction ids later than that of their transaction.
      AND age(current.xmin) <= age(pg_current_xact_id()::xid)
      AND age(other.xmin) > age(pg_current_xact_id()::xid)
      AND pg_has_role(other.proowner, 'USAGE')
      -- A function with a row type as argument belongs to a table, which may have been set aside.
      AND NOT EXISTS (SELECT FROM pg_type
                      WHERE pg_type.oid = ANY (other.proargtypes) AND typtype = 'c')
      -- Other applications share public. All other parameters of our functions there begin with p_.
      AND (other.pronamespace <> 'public'::REGNAMESPACE
           OR other.proargnames IS NOT NULL AND NOT EXISTS (
             SELECT FROM unnest(other.proargnames[1:other.pronargs]) AS parameter
             WHERE parameter NOT LIKE 'p\_%'))
  LOOP
    BEGIN
      EXECUTE format('DROP FUNCTION %s', old);
      RAISE NOTICE 'Removed the old overload %', old;
    EXCEPTION WHEN dependent_objects_still_exist OR wrong_object_type THEN
      RAISE NOTICE 'Kept the old overload %, because something depends on it', old;
    END;
  END LOOP;
END $$;
