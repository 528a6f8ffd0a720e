-- Supabase gives the roles anon and authenticated every right on what is created in `public`, and the key
-- of anon is in every page. Where these roles exist, this script takes their rights on everything that
-- own_objects.sql lists, and turns row-level security on. It may run repeatedly, and it runs last in every
-- transaction that creates tables or functions, so that none is open in between.

-- The rights on the tables of the project that were granted to roles other than the owner.
CREATE OR REPLACE FUNCTION stepwise.table_rights()
RETURNS TABLE (relation REGCLASS, owner OID, grantee OID) LANGUAGE sql STABLE AS $$
  SELECT DISTINCT c.oid::REGCLASS, c.relowner, entry.grantee
  FROM stepwise.own_tables() AS own JOIN pg_catalog.pg_class AS c ON c.oid = own, aclexplode(
    c.relacl || (SELECT array_agg(acl) FROM pg_catalog.pg_attribute AS a, unnest(a.attacl) AS acl
                 WHERE a.attrelid = c.oid)) AS entry
  WHERE entry.grantee <> c.relowner
$$;

-- The rights of anon and authenticated on objects of the project, whether their own or PUBLIC's; none if
-- these roles do not exist. Views in `public` that serve an old application are not listed, nor are the
-- sequences of the tables behind them: whoever may insert into such a view needs these.
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
    SELECT d.refobjid AS relation
    FROM pg_rewrite AS r
    JOIN pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'v'
      AND v.relnamespace = 'public'::REGNAMESPACE
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::REGCLASS AND d.objid = r.oid
      AND d.refclassid = 'pg_class'::REGCLASS
  ), objects AS (
    SELECT 'TABLE' AS kind, t.relation::TEXT AS object, t.grantee, t.owner
    FROM stepwise.table_rights() AS t
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

-- Take the rights of anon and authenticated on one table, and turn row-level security on.
CREATE OR REPLACE FUNCTION stepwise.close_table(p_table REGCLASS) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  v_role TEXT;
BEGIN
  FOR v_role IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP
    EXECUTE format('REVOKE ALL ON TABLE %s FROM %I, PUBLIC CASCADE', p_table, v_role);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
  END LOOP;
END $$;

-- Take the rights of anon and authenticated on everything of the project. What this role may not do is
-- reported with the statement to run.
CREATE OR REPLACE FUNCTION stepwise.revoke_api_rights() RETURNS VOID
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v RECORD;
  -- Roles with rights on our tables, such as that of an application that is not their owner. They go on
  -- calling the functions that they could call as one of PUBLIC.
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
    EXECUTE format('REVOKE ALL ON %s %s FROM %s CASCADE', v.kind, v.object, v.grantees);
    v_tables := v_tables + (v.kind = 'TABLE')::INTEGER;
    v_sequences := v_sequences + (v.kind = 'SEQUENCE')::INTEGER;
    v_functions := v_functions + (v.kind = 'ROUTINE')::INTEGER;
  END LOOP;
  IF v_tables + v_sequences + v_functions > 0 THEN
    RAISE NOTICE 'anon and authenticated: took their rights on % tables, % sequences and % functions',
      v_tables, v_sequences, v_functions USING ERRCODE = 'SW001';
    FOR v IN
      SELECT kind, object, string_agg(grantee, ', ') AS grantees FROM stepwise.api_rights()
      WHERE pg_has_role(owner, 'USAGE') GROUP BY kind, object ORDER BY kind, object
    LOOP
      RAISE NOTICE '%: another role than the owner gave % rights on it; run as that role: '
        'REVOKE ALL ON % % FROM % CASCADE;', v.object, v.grantees, v.kind, v.object, v.grantees
        USING ERRCODE = 'SW001';
    END LOOP;
  END IF;

  FOR v IN
    SELECT own::TEXT AS object, c.relowner AS owner, others.names AS others
    FROM stepwise.own_tables() AS own
    JOIN pg_class AS c ON c.oid = own AND NOT c.relrowsecurity
    CROSS JOIN LATERAL (  -- those whom row-level security would stop
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
    RAISE NOTICE 'row-level security: turned on for % tables', v_secured USING ERRCODE = 'SW001';
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

SELECT stepwise.revoke_api_rights();
