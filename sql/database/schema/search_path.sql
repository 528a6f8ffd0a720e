-- Settings of the whole database. Our own statements name their schema always; this is for people,
-- so that a query typed as the guides print it finds its tables.
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET search_path = public, assessment, learning',
                 current_database());
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'search_path left as it is: only the owner of the database may set it';
END $$;
