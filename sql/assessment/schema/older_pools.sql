-- Concept names from the table `question_pools` of an older deployment, which stays in `public`. Runs after
-- admission.sql, which adds the rules of a pool.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

DO $$
DECLARE
  v_pools BIGINT;
BEGIN
  IF NOT pg_temp.is_new('assessment.questions') OR (
    SELECT count(*) FROM pg_catalog.pg_attribute
    WHERE attrelid = to_regclass('public.question_pools') AND attname IN ('id', 'attributes')
  ) < 2 THEN
    RETURN;
  END IF;
  -- Names are used if each concept has one and all differ.
  WITH older AS (
    SELECT assessment.fixed_uuid('pool', o.id::TEXT) AS id, pg_temp.to_json_value(o.attributes::TEXT) AS list
    FROM public.question_pools AS o
  ), named AS (
    SELECT o.id, jsonb_agg(trim(a.item ->> 'name') ORDER BY a.place) AS names,
      count(DISTINCT trim(a.item ->> 'name')) AS different,
      bool_and(length(trim(a.item ->> 'name')) BETWEEN 1 AND 200) AS fit
    FROM older AS o, jsonb_array_elements(CASE jsonb_typeof(o.list) WHEN 'array' THEN o.list ELSE '[]' END)
      WITH ORDINALITY AS a (item, place)
    GROUP BY o.id
  )
  UPDATE assessment.question_pools AS p SET rules = p.rules || jsonb_build_object('concept_names', n.names)
  FROM named AS n
  WHERE n.id = p.id AND n.fit AND n.different = p.concept_count
    AND jsonb_array_length(n.names) = p.concept_count AND p.rules -> 'concept_names' IS NULL;
  GET DIAGNOSTICS v_pools = ROW_COUNT;
  UPDATE assessment.test_sessions AS s
  SET concept_names = ARRAY(SELECT jsonb_array_elements_text(p.rules -> 'concept_names'))
  FROM assessment.question_pools AS p
  WHERE p.id = s.question_pool_id AND s.concept_names IS NULL AND s.pool_version IS NULL
    AND jsonb_array_length(s.final_proficiency) = jsonb_array_length(p.rules -> 'concept_names');
  RAISE NOTICE 'public.question_pools: stays as it is; pools whose concepts its attributes now name: %',
    v_pools USING ERRCODE = 'SW001';
END
$$;
