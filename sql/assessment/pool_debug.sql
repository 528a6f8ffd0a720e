-- Queries of what operators see of a pool: its calibrations, and the questions they have flagged.

-- pool --
-- The pool, and its last attempt at a calibration; null: none yet.
SELECT p.current_version AS version, v.question_count, to_jsonb(a) AS last_attempt
FROM assessment.question_pools p
JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version
LEFT JOIN assessment.calibration_attempts a ON a.pool_id = p.id
WHERE p.id = %(pool_id)s;

-- calibrations --
-- The versions that calibrations wrote, newest first.
SELECT v.version, v.created_at, (v.report ->> 'answers')::INT AS answers,
  (v.report ->> 'people')::INT AS people, (v.report ->> 'questions')::INT AS questions,
  (v.report ->> 'rounds')::INT AS rounds, (v.report ->> 'settled')::BOOLEAN AS settled,
  jsonb_array_length(v.report -> 'drifted') AS drifted
FROM assessment.pool_versions v
WHERE v.pool_id = %(pool_id)s AND v.origin = 'calibration'
ORDER BY v.version DESC
LIMIT %(calibrations)s;

-- flagged --
-- Each question's last flag, unless its author has given it new parameters since; the newest first,
-- of one calibration the surest first. An upload of a new text copies a flag with the parameters,
-- which is no flag of its own.
SELECT flag.question_id, flag.version, flag.revision <> latest.revision AS text_changed,
  (flag.calibration ->> 'answers')::INT AS answers,
  (flag.calibration ->> 'p_value')::DOUBLE PRECISION AS p_value,
  (flag.calibration ->> 'curve_change')::DOUBLE PRECISION AS curve_change,
  (
    SELECT jsonb_object_agg(p.name, to_jsonb(p) || jsonb_build_object(
      'moved', round(((p.found - p.before) / nullif(p.error, 0))::NUMERIC, 2)))
    FROM (VALUES
      ('difficulty', written.difficulty, before.difficulty, flag.difficulty,
        (flag.calibration ->> 'difficulty_error')::DOUBLE PRECISION),
      ('discrimination', written.discrimination, before.discrimination, flag.discrimination,
        (flag.calibration ->> 'discrimination_error')::DOUBLE PRECISION),
      ('guessing', written.guessing, before.guessing, flag.guessing,
        (flag.calibration ->> 'guessing_error')::DOUBLE PRECISION)
    ) AS p (name, written, before, found, error)
  ) AS parameters
FROM (
  SELECT DISTINCT ON (i.position) i.* FROM assessment.pool_items i
  JOIN assessment.pool_versions v ON v.pool_id = i.pool_id AND v.version = i.version
  WHERE i.pool_id = %(pool_id)s AND v.origin = 'calibration'
    AND i.calibration ->> 'drifted' = 'true'
  ORDER BY i.position, i.version DESC
) AS flag
JOIN LATERAL (
  SELECT i.* FROM assessment.pool_items i
  WHERE i.pool_id = flag.pool_id AND i.position = flag.position AND i.version < flag.version
  ORDER BY i.version DESC LIMIT 1
) AS before ON TRUE
JOIN LATERAL (
  SELECT i.* FROM assessment.pool_items i
  WHERE i.pool_id = flag.pool_id AND i.position = flag.position AND i.calibration IS NULL
  ORDER BY i.version DESC LIMIT 1
) AS written ON written.version < flag.version
JOIN LATERAL (
  SELECT i.revision FROM assessment.pool_items i
  WHERE i.pool_id = flag.pool_id AND i.position = flag.position
  ORDER BY i.version DESC LIMIT 1
) AS latest ON TRUE
ORDER BY flag.version DESC, p_value, flag.position
LIMIT %(limit)s OFFSET %(offset)s;
