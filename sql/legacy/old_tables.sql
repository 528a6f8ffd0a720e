-- Queries of lib/legacy/old_tables/store.py.

-- any_legacy_table --
-- Return whether there is a legacy table to set aside.
SELECT to_regclass('public.workshop_students') IS NOT NULL
  OR to_regclass('public.student_configs') IS NOT NULL
  OR to_regclass('public.workshop_sessions') IS NOT NULL;

-- is_empty --
-- Return whether the unified schema has no students or no sessions.
SELECT NOT EXISTS (SELECT FROM public.students) OR NOT EXISTS (SELECT FROM public.sessions);

-- set_aside --
-- Rename a table; return its names and its kind, no row if there is no such table.
SELECT %(table)s AS table_name, legacy.set_aside(%(table)s, %(stamp)s) AS new_name, kind
FROM legacy.kind_of(%(table)s) AS kind WHERE kind IS NOT NULL;

-- dependents --
-- List the objects that DROP … CASCADE would drop with a table: views, and foreign keys of other tables.
SELECT DISTINCT CASE WHEN v.oid IS NULL THEN format('the foreign key %%s of %%s', f.conname, r.oid::regclass)
  ELSE format('the view %%s', v.oid::regclass) END AS name
FROM pg_depend AS d
LEFT JOIN pg_constraint AS f ON d.classid = 'pg_constraint'::regclass AND f.oid = d.objid
  AND f.contype = 'f' AND f.confrelid = d.refobjid AND f.conrelid <> d.refobjid
LEFT JOIN pg_class AS r ON r.oid = f.conrelid
LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
LEFT JOIN pg_class AS v ON v.oid = w.ev_class AND v.oid <> d.refobjid AND v.relpersistence <> 't'
WHERE d.refclassid = 'pg_class'::regclass
  AND d.refobjid = to_regclass(format('public.%%I', %(table)s::text))
  AND (r.oid IS NOT NULL OR v.oid IS NOT NULL)
ORDER BY name;

-- any_row --
-- Return whether a legacy table holds a row.
SELECT legacy.any_row();

-- count_unified_set_aside --
-- Return the number of rows of the unified tables that dropExisting of admin-create-unified-schema
-- set aside last; no row if there are none, or if the present unified tables are not empty.
SELECT row_count FROM legacy.unified_set_aside()
WHERE row_count > 0 AND legacy.unified_is_empty() LIMIT 1;

-- bring_back_unified --
-- Give the unified tables that dropExisting set aside their names again; return no row if there is nothing
-- to bring back.
SELECT table_name, new_name FROM legacy.bring_back_unified();

-- bring_back --
-- Give the backup of a table the table's original name; return the backup's name, null if there is no
-- backup, or if another table has the original name and must keep it.
SELECT legacy.bring_back(%(table)s);
