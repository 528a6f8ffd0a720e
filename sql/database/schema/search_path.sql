-- Settings of the database. The project's statements always name their schema; the search path is
-- for people, so that the queries of the guides find their tables.
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET search_path = public, assessment, learning',
                 current_database());
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'search_path was not set: only the owner of the database may set it';
END $$;
