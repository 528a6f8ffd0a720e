-- Brings back the schema of the learning context that a downgrade set aside. It runs before tables.sql, which
-- would create an empty one.

SELECT set_config('lock_timeout', '5s', true);

DO $$
DECLARE
  v_name TEXT;
BEGIN
  SELECT present_name INTO v_name FROM stepwise.set_aside WHERE former_name = 'learning';
  IF v_name IS NULL THEN
    RETURN;
  END IF;
  IF to_regnamespace(quote_ident(v_name)) IS NULL THEN
    RAISE NOTICE 'learning: the schema %, set aside by a downgrade, no longer exists', v_name
      USING ERRCODE = 'SW001';
  ELSIF to_regnamespace('learning') IS NOT NULL THEN
    RAISE NOTICE 'learning: exists, so the schema % with older rows stays set aside', v_name
      USING ERRCODE = 'SW001';
    RETURN;
  ELSE
    EXECUTE format('ALTER SCHEMA %I RENAME TO learning', v_name);
    RAISE NOTICE 'learning: returned from %, where a downgrade had set it aside', v_name
      USING ERRCODE = 'SW001';
  END IF;
  DELETE FROM stepwise.set_aside WHERE former_name = 'learning';
END
$$;
