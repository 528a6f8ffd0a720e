-- Supabase gives the roles anon and authenticated every right on what is created in `public`, and
-- the key of anon is in every page. Where these roles exist, this script revokes their rights on
-- all that own_objects.sql lists, except what users of the previous version need. It turns
-- row-level security on, except where this would hide rows from other roles. It may run repeatedly,
-- and it runs in every transaction that creates tables or functions, after their creation, so that
-- none of these is open to them in between.

-- Rights that this script revoked on tables that stood in `public` before the first upgrade. A downgrade
-- returns them.
CREATE TABLE IF NOT EXISTS stepwise.taken_rights (
  table_name TEXT NOT NULL,  -- as in stepwise.adopted_tables
  privilege TEXT NOT NULL,   -- 'SELECT', or for a single column 'UPDATE (status)'
  grantee TEXT NOT NULL,     -- quoted, or PUBLIC
  CONSTRAINT taken_rights_pkey PRIMARY KEY (table_name, privilege, grantee)
);

-- The rights that roles other than the owner have on the tables of the project, and on views that were
-- set aside.
CREATE OR REPLACE FUNCTION stepwise.table_rights()
RETURNS TABLE (relation REGCLASS, owner OID, grantee OID, privilege TEXT)
LANGUAGE sql STABLE AS $$
  WITH owned AS (
    SELECT stepwise.own_tables() AS own UNION ALL SELECT stepwise.views_set_aside()
  )
  SELECT own, c.relowner, entry.grantee, entry.privilege_type
  FROM owned JOIN pg_catalog.pg_class AS c ON c.oid = own, aclexplode(c.relacl) AS entry
  WHERE entry.grantee <> c.relowner
  UNION ALL
  SELECT own, c.relowner, entry.grantee, format('%s (%I)', entry.privilege_type, a.attname)
  FROM owned JOIN pg_catalog.pg_class AS c ON c.oid = own
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid, aclexplode(a.attacl) AS entry
  WHERE entry.grantee <> c.relowner
$$;

-- The rights of anon and authenticated on objects of the project, whether their own or PUBLIC's; none if
-- these roles do not exist. The list contains neither the views in `public` that serve the previous version
-- nor what the users of these views need: the sequences of the tables behind the views, and, behind a
-- view with security_invoker, the table itself. Other roles reach these sequences and tables only
-- through the views, because only the owners may use the schema `assessment`.
CREATE OR REPLACE FUNCTION stepwise.api_rights()
RETURNS TABLE (kind TEXT, object TEXT, grantee TEXT, owner OID)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp  -- so that names contain their schema
AS $$
  WITH api_roles AS (
    SELECT oid, quote_ident(rolname) AS name FROM pg_roles
    WHERE rolname IN ('anon', 'authenticated')
  ), grantees AS (
    SELECT oid, name FROM api_roles UNION ALL SELECT 0, 'PUBLIC' WHERE EXISTS (SELECT FROM api_roles)
  ), behind_views AS (
    SELECT d.refobjid AS relation, v.reloptions @> '{security_invoker=true}' AS by_invoker
    FROM pg_rewrite AS r
    JOIN pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'v'
      AND v.relnamespace = 'public'::REGNAMESPACE AND v.relname IN
        ('students', 'student_proficiencies', 'questions', 'test_sessions', 'test_responses')
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::REGCLASS AND d.objid = r.oid
      AND d.refclassid = 'pg_class'::REGCLASS
    JOIN pg_class AS t ON t.oid = d.refobjid AND t.relnamespace = to_regnamespace('assessment')
  ), objects AS (
    SELECT 'TABLE' AS kind, t.relation::TEXT AS object, t.grantee, t.owner
    FROM stepwise.table_rights() AS t
    WHERE t.relation NOT IN (SELECT relation FROM behind_views WHERE by_invoker)
    UNION ALL
    SELECT 'SEQUENCE', own::TEXT, entry.grantee, c.relowner
    FROM stepwise.own_sequences() AS own JOIN pg_class AS c ON c.oid = own,
      aclexplode(c.relacl) AS entry
    WHERE NOT EXISTS (
      SELECT FROM pg_depend AS d JOIN behind_views AS b ON b.relation = d.refobjid
      WHERE d.classid = 'pg_class'::REGCLASS AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
    UNION ALL
    SELECT 'ROUTINE', own::TEXT, entry.grantee, p.proowner
    FROM stepwise.own_functions() AS own JOIN pg_proc AS p ON p.oid = own,
      aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS entry
  )
  SELECT DISTINCT o.kind, o.object, g.name, o.owner
  FROM objects AS o JOIN grantees AS g ON g.oid = o.grantee
  ORDER BY o.kind, o.object, g.name
$$;

-- Revoke the rights of anon and authenticated on one table and the sequences of its columns, and turn
-- row-level security on.
CREATE OR REPLACE FUNCTION stepwise.close_table(p_table REGCLASS) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  v_role TEXT;
  v_sequence REGCLASS;
BEGIN
  FOR v_role IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP
    EXECUTE format('REVOKE ALL ON TABLE %s FROM %I, PUBLIC CASCADE', p_table, v_role);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
    FOR v_sequence IN
      SELECT c.oid FROM pg_catalog.pg_depend AS d
      JOIN pg_catalog.pg_class AS c ON c.oid = d.objid AND c.relkind = 'S'
      WHERE d.classid = 'pg_catalog.pg_class'::REGCLASS AND d.refobjid = p_table
        AND d.deptype IN ('a', 'i')
    LOOP
      EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %I, PUBLIC CASCADE', v_sequence, v_role);
    END LOOP;
  END LOOP;
END $$;

-- Revoke the rights of anon and authenticated on everything of the project. Where the role that
-- runs this script may not do so, a notice gives the statement that the owner has to run.
CREATE OR REPLACE FUNCTION stepwise.revoke_api_rights() RETURNS VOID
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v RECORD;
  -- Roles that have rights on our tables without owning them, such as an application's role. Functions
  -- that they could call as part of PUBLIC are granted to them directly.
  v_users TEXT[];
  v_user TEXT;
  v_tables INTEGER := 0;
  v_sequences INTEGER := 0;
  v_functions INTEGER := 0;
  v_secured INTEGER := 0;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname IN ('anon', 'authenticated')) THEN
    RETURN;
  END IF;

  v_users := ARRAY(
    SELECT r.rolname FROM pg_roles AS r
    WHERE r.oid IN (SELECT grantee FROM stepwise.table_rights())
      AND r.rolname NOT IN ('anon', 'authenticated'));
  FOR v IN
    SELECT kind, object, owner, string_agg(grantee, ', ') AS grantees,
      kind = 'ROUTINE' AND bool_or(grantee = 'PUBLIC') AS is_public
    FROM stepwise.api_rights() GROUP BY kind, object, owner ORDER BY kind, object
  LOOP
    IF NOT pg_has_role(v.owner, 'USAGE') THEN
      RAISE NOTICE '%: % has rights on it; run as its owner %: REVOKE ALL ON % % FROM % CASCADE;',
        v.object, v.grantees, pg_get_userbyid(v.owner), v.kind, v.object, v.grantees
        USING ERRCODE = 'SW001';
      CONTINUE;
    END IF;
    IF v.is_public THEN
      FOREACH v_user IN ARRAY v_users LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', v.object, v_user);
      END LOOP;
    END IF;
    IF v.kind = 'TABLE' AND to_regclass('stepwise.adopted_tables') IS NOT NULL THEN
      INSERT INTO stepwise.taken_rights (table_name, privilege, grantee)
      SELECT a.table_name, t.privilege,
        CASE t.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(t.grantee)) END
      FROM stepwise.adopted_tables AS a
      JOIN stepwise.table_rights() AS t ON t.relation = to_regclass(a.table_name)
      WHERE a.table_name = v.object
        AND (t.grantee = 0 OR pg_get_userbyid(t.grantee) IN ('anon', 'authenticated'))
      ON CONFLICT ON CONSTRAINT taken_rights_pkey DO NOTHING;
    END IF;
    EXECUTE format('REVOKE ALL ON %s %s FROM %s CASCADE', v.kind, v.object, v.grantees);
    v_tables := v_tables + (v.kind = 'TABLE')::INTEGER;
    v_sequences := v_sequences + (v.kind = 'SEQUENCE')::INTEGER;
    v_functions := v_functions + (v.kind = 'ROUTINE')::INTEGER;
  END LOOP;
  IF v_tables + v_sequences + v_functions > 0 THEN
    RAISE NOTICE 'anon and authenticated: revoked their rights; tables: %, sequences: %, functions: %',
      v_tables, v_sequences, v_functions USING ERRCODE = 'SW001';
    FOR v IN
      SELECT kind, object, string_agg(grantee, ', ') AS grantees FROM stepwise.api_rights()
      WHERE pg_has_role(owner, 'USAGE') GROUP BY kind, object ORDER BY kind, object
    LOOP
      RAISE NOTICE '%: a role other than the owner gave % rights on it; run as that role: '
        'REVOKE ALL ON % % FROM % CASCADE;', v.object, v.grantees, v.kind, v.object, v.grantees
        USING ERRCODE = 'SW001';
    END LOOP;
  END IF;

  FOR v IN
    SELECT own::TEXT AS object, c.relowner AS owner, others.names AS others
    FROM stepwise.own_tables() AS own
    JOIN pg_class AS c ON c.oid = own AND NOT c.relrowsecurity
    CROSS JOIN LATERAL (  -- roles from which row-level security would hide all rows
      SELECT string_agg(DISTINCT r.rolname, ', ' ORDER BY r.rolname) AS names
      FROM stepwise.table_rights() AS t JOIN pg_roles AS r ON r.oid = t.grantee
      WHERE t.relation = own AND NOT r.rolsuper AND NOT r.rolbypassrls
        AND r.rolname NOT IN ('anon', 'authenticated')
        AND NOT pg_has_role(r.oid, c.relowner, 'USAGE')
    ) AS others
    ORDER BY 1
  LOOP
    IF v.others IS NOT NULL THEN
      RAISE NOTICE '%: row-level security stays off, because it would hide all rows from %',
        v.object, v.others USING ERRCODE = 'SW001';
    ELSIF pg_has_role(v.owner, 'USAGE') THEN
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', v.object);
      v_secured := v_secured + 1;
    ELSE
      RAISE NOTICE '%: row-level security is off; run as its owner %: '
        'ALTER TABLE % ENABLE ROW LEVEL SECURITY;', v.object, pg_get_userbyid(v.owner), v.object
        USING ERRCODE = 'SW001';
    END IF;
  END LOOP;
  IF v_secured > 0 THEN
    RAISE NOTICE 'row-level security: turned on; tables: %', v_secured USING ERRCODE = 'SW001';
  END IF;

  -- The legacy tables belong to the application before this one until they are set aside.
  FOR v IN
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = 'public'::REGNAMESPACE AND c.relkind IN ('r', 'p')
      AND c.relname IN ('workshop_students', 'student_configs', 'workshop_sessions')
      AND EXISTS (SELECT FROM pg_roles AS r, aclexplode(c.relacl) AS entry
                  WHERE r.oid = entry.grantee AND r.rolname IN ('anon', 'authenticated'))
    ORDER BY 1
  LOOP
    RAISE NOTICE 'public.%: anon or authenticated has rights on it, which stay for the old '
      'application; if it does not need them, run: '
      'REVOKE ALL ON TABLE public.% FROM anon, authenticated;', v.relname, v.relname
      USING ERRCODE = 'SW001';
  END LOOP;
END $$;

-- Return the rights that were revoked on a table, and turn row-level security off if only this script
-- turned it on. A role that may insert gets the right to use the sequences of the table's columns, too.
CREATE OR REPLACE FUNCTION stepwise.return_rights(
  p_table_name TEXT, p_table REGCLASS, p_row_security BOOLEAN
) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v RECORD;
BEGIN
  IF NOT p_row_security AND EXISTS (
    SELECT FROM pg_catalog.pg_roles WHERE rolname IN ('anon', 'authenticated')
  ) THEN
    EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', p_table);
  END IF;
  FOR v IN
    SELECT t.privilege, t.grantee FROM stepwise.taken_rights AS t
    WHERE t.table_name = p_table_name
      AND (t.grantee = 'PUBLIC' OR to_regrole(t.grantee) IS NOT NULL)
  LOOP
    EXECUTE format('GRANT %s ON TABLE %s TO %s', v.privilege, p_table, v.grantee);
  END LOOP;
  FOR v IN
    SELECT DISTINCT s.oid::REGCLASS AS sequence, t.grantee
    FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN stepwise.taken_rights AS t ON t.table_name = p_table_name AND t.privilege ^@ 'INSERT'
    WHERE d.classid = 'pg_catalog.pg_class'::REGCLASS AND d.refobjid = p_table
      AND d.deptype IN ('a', 'i') AND (t.grantee = 'PUBLIC' OR to_regrole(t.grantee) IS NOT NULL)
  LOOP
    EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', v.sequence, v.grantee);
  END LOOP;
  DELETE FROM stepwise.taken_rights AS t WHERE t.table_name = p_table_name;
END $$;

SELECT stepwise.revoke_api_rights();
