-- Serves the previous version of the tests while both versions run: under the former name of each
-- adopted table, a view in `public` with the former columns and privileges, which can be written
-- to. With the setting stepwise.finish, the views are dropped instead, for good.

SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

-- Give a view exactly the privileges that others have on its table. Default privileges may have
-- granted more when the view was created.
CREATE OR REPLACE FUNCTION pg_temp.copy_privileges(p_table REGCLASS, p_view REGCLASS) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  entry RECORD;
BEGIN
  FOR entry IN
    SELECT DISTINCT CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS grantee
    FROM pg_catalog.pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) acl
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = acl.grantee
    WHERE c.oid = p_view AND acl.grantee <> c.relowner
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s', p_view, entry.grantee);
  END LOOP;
  FOR entry IN
    SELECT acl.privilege_type || coalesce(' (' || quote_ident(rights.column_name) || ')', '') AS privilege,
      CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS grantee
    FROM (
      SELECT c.relacl AS acl, NULL::NAME AS column_name, c.relowner FROM pg_catalog.pg_class c
      WHERE c.oid = p_table
      UNION ALL
      SELECT a.attacl, a.attname, c.relowner
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_attribute v ON v.attrelid = p_view AND v.attname = a.attname
      WHERE a.attrelid = p_table AND a.attacl IS NOT NULL
    ) AS rights
    CROSS JOIN LATERAL aclexplode(rights.acl) AS acl
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = acl.grantee
    WHERE acl.grantee <> rights.relowner
      AND acl.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
  LOOP
    EXECUTE format('GRANT %s ON %s TO %s', entry.privilege, p_view, entry.grantee);
  END LOOP;
END
$$;

DO $$
DECLARE
  adopted RECORD;
  columns TEXT;
  dependents TEXT;
  finish BOOLEAN := current_setting('stepwise.finish', true) IS NOT DISTINCT FROM 'on';
  -- Only PostgreSQL 15 and later have views that apply the rights and policies of the role that queries.
  has_invoker_views BOOLEAN := current_setting('server_version_num')::INT >= 150000;
BEGIN
  FOR adopted IN
    SELECT a.*, t.oid::regclass AS relation, t.relowner::regrole AS owner,
      p.oid::regclass AS public_relation, p.relkind AS public_kind
    FROM stepwise.adopted_tables a
    JOIN pg_catalog.pg_class t ON t.oid = to_regclass(a.table_name)
    LEFT JOIN pg_catalog.pg_class p
      ON p.relname = a.former_name AND p.relnamespace = 'public'::regnamespace
    WHERE a.table_name LIKE 'assessment.%' AND a.finished_at IS NULL
  LOOP
    IF finish THEN
      IF adopted.public_kind = 'v' THEN
        BEGIN
          EXECUTE format('DROP VIEW public.%I', adopted.former_name);
          RAISE NOTICE 'public.%: the view for the previous version was dropped',
            adopted.former_name USING ERRCODE = 'SW001';
        EXCEPTION WHEN dependent_objects_still_exist THEN
          GET STACKED DIAGNOSTICS dependents = PG_EXCEPTION_DETAIL;
          RAISE EXCEPTION 'The view public.% for the previous version cannot be dropped: %. Drop '
            'what depends on it first.', adopted.former_name, replace(dependents, E'\n', ', ')
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
        END;
      END IF;
      UPDATE stepwise.adopted_tables SET finished_at = now()
      WHERE table_name = adopted.table_name;
      CONTINUE;
    END IF;
    IF adopted.public_relation IS NOT NULL AND adopted.public_kind <> 'v' THEN
      RAISE NOTICE 'public.%: the name is in use, so no view serves the previous version',
        adopted.former_name USING ERRCODE = 'SW001';
      CONTINUE;
    END IF;
    -- The previous version's guide adds last_activity to test_sessions before the installation.
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = adopted.relation AND a.attnum > 0 AND NOT a.attisdropped
      AND (a.attname = ANY (adopted.columns)
           OR adopted.former_name = 'test_sessions' AND a.attname = 'last_activity');
    EXECUTE format('CREATE OR REPLACE VIEW public.%I %s AS SELECT %s FROM %s',
      adopted.former_name,
      CASE WHEN adopted.row_security AND has_invoker_views THEN 'WITH (security_invoker = true)' ELSE '' END,
      columns, adopted.relation);
    CONTINUE WHEN adopted.public_relation IS NOT NULL;
    EXECUTE format('ALTER VIEW public.%I OWNER TO %s', adopted.former_name, adopted.owner);
    IF adopted.row_security AND NOT has_invoker_views THEN
      EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC', adopted.former_name);
      RAISE NOTICE 'public.%: the view serves only its owner, because the table has row-level '
        'security, which views follow from PostgreSQL 15 on', adopted.former_name
        USING ERRCODE = 'SW001';
    ELSE
      PERFORM pg_temp.copy_privileges(adopted.relation,
        format('public.%I', adopted.former_name)::regclass);
      RAISE NOTICE 'public.%: a view of % serves the previous version until `migrate.py finish`',
        adopted.former_name, adopted.table_name USING ERRCODE = 'SW001';
    END IF;
  END LOOP;
  IF stepwise.workshop_waits() THEN
    RAISE NOTICE 'public.students, courses, sessions, step_progress, events, enrollments: the '
      'workshop''s tables wait until the previous version of the tests has ended; then run `python migrate.py finish` or '
      'send "finish": true to admin-create-unified-schema' USING ERRCODE = 'SW001';
  END IF;
END
$$;

DROP FUNCTION pg_temp.copy_privileges (REGCLASS, REGCLASS);
