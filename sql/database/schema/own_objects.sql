-- The one list of the tables and functions of the project, for everything that must not touch those of
-- another application in the same database. tests/operations/test_own_objects.py compares it with
-- what the scripts create. This script may run alone and repeatedly.

CREATE SCHEMA IF NOT EXISTS stepwise;
-- Transactions that replace these functions take turns, because they would fail if they ran at the same time.
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.own_objects', 0));

-- The tables of the project, and those that were set aside. A table is recognized by its name and by
-- columns that no other application's table of that name is likely to have. Other applications may have the
-- columns of `enrollments`, so it also needs a foreign key to the workshop's `courses` (column `steps`).
CREATE OR REPLACE FUNCTION stepwise.own_tables() RETURNS SETOF REGCLASS LANGUAGE sql STABLE AS $$
  WITH listed (schema_name, table_name, columns) AS (VALUES
    ('public', 'students', '{student_id,student_email}'::name[]),
    ('public', 'courses', '{course_id,steps}'),
    ('public', 'sessions', '{session_token,student_id}'),
    ('public', 'step_progress', '{session_token,step_number}'),
    ('public', 'events', '{session_token,event_type,event_data}'),
    ('public', 'enrollments', '{student_id,course_id,created_at}'),
    ('public', 'idempotency_keys', '{key_hash,body_hash}'),
    ('public', 'removals', '{kind,name_sha256}'),
    ('public', 'operator_failures', '{address_sha256,failed_at}'),
    ('public', 'operator_audit', '{outcome,entry_sha256}'),
    ('assessment', 'examinees', '{id,created_at}'),
    ('assessment', 'student_proficiencies', '{student_id,concept_name,proficiency_value}'),
    ('assessment', 'question_pools', '{concept_count,current_version}'),
    ('assessment', 'pool_versions', '{pool_id,version,origin}'),
    ('assessment', 'questions', '{pool_id,content,correct_answer}'),
    ('assessment', 'question_revisions', '{question_id,revision,correct_answer}'),
    ('assessment', 'pool_items', '{pool_id,position,discrimination}'),
    ('assessment', 'calibration_attempts', '{pool_id,outcome,failures}'),
    ('assessment', 'test_sessions', '{student_id,initial_proficiency}'),
    ('assessment', 'test_responses', '{session_id,question_id,response}'),
    ('assessment', 'set_aside_rows', '{table_name,reason,row_data}'),
    ('learning', 'users', '{username,password_hash,role}'),
    ('learning', 'student_profiles', '{user_id,grade,target_exam}'),
    ('learning', 'classes', '{name,teacher_id,grade}'),
    ('learning', 'invitations', '{code_sha256,role,expires_at}'),
    ('learning', 'refresh_tokens', '{user_id,token_sha256,family_id}'),
    ('learning', 'topics', '{name,exam_weightage,estimated_hours}'),
    ('learning', 'topic_prerequisites', '{topic_id,prerequisite_topic_id}'),
    ('learning', 'concepts', '{topic_id,name}'),
    ('learning', 'questions', '{concept_id,question_text,correct_answer}'),
    ('learning', 'question_attempts', '{student_id,question_id,is_correct}'),
    ('learning', 'concept_mastery', '{student_id,concept_id,mastery_score}'),
    ('learning', 'study_plans', '{student_id,plan_type,topics}'),
    ('learning', 'exam_marks', '{student_id,exam,mark}'),
    ('learning', 'plan_arms', '{student_id,arm,is_drawn}'),
    ('learning', 'student_skills', '{student_id,ability,calibration}'),
    ('learning', 'concept_skills', '{student_id,concept_id,skill}'),
    ('learning', 'mastery_calibrations', '{version,coefficients}'),
    ('learning', 'sync_operations', '{operation_type,table_name,record_id}'),
    ('learning', 'sync_counters', '{student_id,number,is_complete}'),
    ('learning', 'sync_changes', '{student_id,table_name,row_id,clocks}'),
    ('learning', 'sync_devices', '{student_id,schema_version,syncs,pending}'),
    ('legacy', 'migration_runs', '{dry_run,next_hash}'),
    ('legacy', 'migration_findings', '{run_id,row_key}'),
    ('legacy', 'backups', '{name,location,sha256}')
  ), legacy_tables (table_name, columns) AS (VALUES  -- any one of these columns identifies the table
    ('workshop_students', '{session_token,sessionToken,student_email,studentEmail,exercises}'::name[]),
    ('student_configs', '{session_token,sessionToken,student_email,studentEmail,openai_api_key}'),
    ('workshop_sessions', '{session_id,sessionId,student_id,studentId,account_sid}')
  ), candidates AS (
    SELECT c.oid, n.nspname::TEXT AS schema_name, c.relname::TEXT AS table_name, (
      SELECT coalesce(array_agg(a.attname), '{}') FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS columns
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
      -- Only these are inspected, because reading the columns of every table takes time.
      AND (n.nspname IN ('public', 'assessment', 'learning', 'legacy', 'stepwise')
        OR n.nspname ~ '_set_aside_[0-9_]+$')
  ), own AS (
    SELECT c.oid FROM candidates AS c JOIN listed AS l ON c.columns @> l.columns
    WHERE (c.schema_name = l.schema_name AND c.table_name = l.table_name
        OR c.schema_name IN (l.schema_name, 'public')
          AND c.table_name ~ ('^' || l.table_name || '_(old|backup|set_aside)_[0-9_]+$'))
      AND (l.table_name <> 'enrollments' OR EXISTS (
        SELECT FROM pg_catalog.pg_constraint AS k
        JOIN pg_catalog.pg_attribute AS courses
          ON courses.attrelid = k.confrelid AND courses.attname = 'steps' AND NOT courses.attisdropped
        WHERE k.conrelid = c.oid AND k.contype = 'f'))
    UNION
    SELECT c.oid FROM candidates AS c JOIN legacy_tables AS l ON c.columns && l.columns
    WHERE c.schema_name = 'public' AND c.table_name ~ ('^' || l.table_name || '_backup_[0-9_]+$')
    UNION
    SELECT c.oid FROM candidates AS c
    WHERE c.schema_name = 'stepwise'
      OR c.schema_name ~ '^(workshop|assessment|learning|legacy|stepwise)_set_aside_[0-9_]+$'
  )
  SELECT own.oid FROM own UNION SELECT part.relid FROM own, pg_partition_tree(own.oid) AS part
$$;

-- Views that replaced legacy tables and were set aside.
CREATE OR REPLACE FUNCTION stepwise.views_set_aside() RETURNS SETOF REGCLASS LANGUAGE sql STABLE AS $$
  SELECT c.oid::REGCLASS FROM pg_catalog.pg_class AS c
  WHERE c.relnamespace = 'public'::REGNAMESPACE AND c.relkind IN ('v', 'm', 'f') AND c.relname
    ~ '^(workshop_students|student_configs|workshop_sessions)_backup_[0-9_]+$'
$$;

-- The sequences that give numbers to the rows of the project's tables.
CREATE OR REPLACE FUNCTION stepwise.own_sequences() RETURNS SETOF REGCLASS LANGUAGE sql STABLE AS $$
  SELECT DISTINCT c.oid::REGCLASS
  FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_class AS c ON c.oid = d.objid AND c.relkind = 'S'
  WHERE d.classid = 'pg_catalog.pg_class'::REGCLASS
    AND d.refclassid = 'pg_catalog.pg_class'::REGCLASS AND d.deptype IN ('a', 'i')
    AND d.refobjid IN (SELECT stepwise.own_tables())
$$;

-- The functions of the project. Other applications share `public`: every parameter of a function of
-- ours there begins with p_ or is a row of one of our tables.
CREATE OR REPLACE FUNCTION stepwise.own_functions() RETURNS SETOF REGPROCEDURE
LANGUAGE sql STABLE AS $$
  WITH listed (schema_name, names) AS (VALUES
    ('public', '{add_to_exercise,admit_operator,anonymous_email,bounded_session,change_email,change_older_emails,
      check_new_sessions,check_session_course,check_step_number,check_step_numbers,claim_key,claim_session,cut_json,
      default_course,detach_session,exercise_step,find_student,flagged_steps,give_accounts,import_roster,mark_progress,merge_students,normalized_email,older_column,older_tables,
      older_tokens,open_session,open_student,operator_audit_digest,operator_audit_refuse,
      operator_audit_seal,recompute_session,record_flag_events,record_step_progress,
      refuse_event_change,refuse_older_change,remember_emptied_fields,remember_removals,removal_key,remove_again,
      remove_older_keys,remove_older_rows,remove_sessions,remove_student,rename_student,replace_token,report_bug,
      save_session_config,session_progress,session_steps,set_help,set_updated_at,step_meant,step_name,
      step_name_key,step_names,tidy_email,track_exercise,tracked_students,true_flags,update_session_progress,
      verify_operator_audit}'::name[]),
    ('assessment', '{close_session,fit_criteria,fixed_uuid,ids_of,is_told,keep_proficiency,next_number,question_shown,
      record_answer,refuse_change,refuse_removal,remove_again,remove_old_tests,remove_students,
      start_session}'),
    ('learning', '{find_set_aside,fixed_uuid,forget_teacher,remove_again,remove_old_changes,remove_person,
      remove_set_aside}'),
    ('legacy', '{add_originals,add_raw,all_exercises,all_reports,any_row,append_reports,as_list,
      backup_tables,bring_back,bring_back_unified,close_sources,column_of,earliest_moment,email_of,
      entry_done,hide_keys,hide_secrets,is_anonymous,is_moment,is_no_token,is_other_count,is_persons_token,
      is_placeholder,is_sealed,join_reports,
      json_finding,kind_of,latest_expiry,latest_moment,merge_all_keys,merge_exercise,merge_exercises,
      may_hold_secret,merge_raw,newest,of_kind,open_repaired,open_sources,open_typed,own_name,
      persons_token,plausibility_condition,prefer,read_expression,rename_unified,renew,repeats_members,reportable_name,
      row_key,rows_of,secret_format,set_aside,step_of,tables_now,to_boolean,to_count,to_done,to_integer,to_jsonb,
      to_moment,to_number,token_of,trimmed,type_of,unified_is_empty,unified_set_aside,unified_tables,
      unknown_expression,unreadable_condition,unwrap,without_keys,
      without_secrets}')
  ), own_schemas AS MATERIALIZED (  -- so that the thousands of functions of Postgres are not inspected
    SELECT n.oid, n.nspname AS schema_name, (n.nspname = 'stepwise' OR n.nspname
      ~ '^(workshop|assessment|learning|legacy|stepwise)_set_aside_[0-9_]+$') AS is_own
    FROM pg_catalog.pg_namespace AS n WHERE n.nspname !~ '^(pg_|information_schema$)'
  )
  SELECT p.oid
  FROM own_schemas AS s
  JOIN pg_catalog.pg_proc AS p ON p.pronamespace = s.oid
  LEFT JOIN listed AS l ON l.schema_name = s.schema_name AND p.proname = ANY (l.names)
  WHERE s.is_own
    OR l.schema_name <> 'public'
    OR l.schema_name = 'public' AND NOT EXISTS (
      SELECT FROM unnest(p.proargtypes) WITH ORDINALITY AS parameter (type, place)
      WHERE coalesce(p.proargnames[place], '') NOT LIKE 'p\_%'
        AND parameter.type <> ALL (ARRAY(
          SELECT c.reltype FROM stepwise.own_tables() AS own
          JOIN pg_catalog.pg_class AS c ON c.oid = own)))
$$;
