-- Functions that merge two rows of one token, or a row and a stored session. This script runs after
-- tables.sql and can be repeated.

-- Return the first value that is neither null nor empty; if there is none, an empty one rather than
-- null.
CREATE OR REPLACE FUNCTION legacy.prefer(p_first TEXT, p_second TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(nullif(p_first, ''), nullif(p_second, ''), p_first, p_second)
$$;

CREATE OR REPLACE FUNCTION legacy.prefer(p_first JSONB, p_second JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_first = '[]' OR p_first = '{}' OR p_first = 'null'  -- IN costs far more
    THEN coalesce(nullif(p_second, 'null'), p_first) ELSE coalesce(p_first, p_second) END
$$;

CREATE OR REPLACE FUNCTION legacy.prefer(p_first BOOLEAN, p_second BOOLEAN) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT coalesce(p_first, p_second) $$;

-- Return the new value of a stored field: a newer legacy row wins if it has a value; an older one
-- only fills a field that is null.
CREATE OR REPLACE FUNCTION legacy.renew(p_newer BOOLEAN, p_stored TEXT, p_legacy TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_newer THEN legacy.prefer(p_legacy, p_stored)
              ELSE coalesce(p_stored, p_legacy) END
$$;

-- Do the same for arrays and objects, which a page may have emptied on purpose.
DROP FUNCTION IF EXISTS legacy.renew(BOOLEAN, JSONB, JSONB);
CREATE OR REPLACE FUNCTION legacy.renew(
  p_newer BOOLEAN, p_stored JSONB, p_legacy JSONB, p_emptied BOOLEAN
) RETURNS JSONB LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_newer THEN legacy.prefer(p_legacy, p_stored)
              WHEN p_emptied THEN p_stored
              ELSE legacy.prefer(p_stored, p_legacy) END
$$;

-- Return all entries of two logs; an entry that is in both appears once.
CREATE OR REPLACE FUNCTION legacy.append_reports(p_first JSONB, p_second JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN p_first <@ p_second THEN p_second
    WHEN p_second <@ p_first THEN p_first
    ELSE p_first || coalesce((
      SELECT jsonb_agg(report) FROM jsonb_array_elements(p_second) AS report
      WHERE NOT p_first @> jsonb_build_array(report)), '[]')
  END
$$;

-- Do the same, but faster if a log is missing: this function is short enough for the planner to inline.
CREATE OR REPLACE FUNCTION legacy.join_reports(p_first JSONB, p_second JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN p_first IS NULL OR p_first = 'null' THEN p_second
    WHEN p_second IS NULL OR p_second = 'null' OR p_first = p_second THEN p_first
    ELSE legacy.append_reports(p_first, p_second)
  END
$$;

-- Return whether an entry of an exercise counts as completed, as stage_steps judges it: by its member
-- `completed`, or by the entry itself if it is not an object; null for text that means neither true nor
-- false.
CREATE OR REPLACE FUNCTION legacy.entry_done(p_entry JSONB) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE jsonb_typeof(p_entry)
    WHEN 'object' THEN legacy.to_done(p_entry -> 'completed')
    WHEN 'string' THEN coalesce(legacy.to_done(legacy.unwrap(p_entry, 'object') -> 'completed'),
      legacy.to_boolean(p_entry #>> '{}'))
    ELSE legacy.to_done(p_entry)
  END
$$;

-- Merge two entries of one exercise: the newer wins field by field, but completed stays completed,
-- and the counters of time and attempts never decrease.
CREATE OR REPLACE FUNCTION legacy.merge_exercise(p_newer JSONB, p_older JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_older IS NULL OR p_older = 'null' OR p_older = p_newer THEN p_newer
    WHEN p_newer IS NULL OR p_newer = 'null' THEN p_older
    WHEN jsonb_typeof(p_newer) = 'object' AND jsonb_typeof(p_older) = 'object' THEN
      p_older
      || (SELECT coalesce(jsonb_object_agg(key, value) FILTER (WHERE value <> 'null'), '{}')
          FROM jsonb_each(p_newer))
      || CASE WHEN legacy.to_done(p_older -> 'completed') THEN '{"completed": true}'::jsonb ELSE '{}' END
      || (SELECT coalesce(jsonb_object_agg(key, p_older -> key), '{}')
          FROM (VALUES ('timeSpent'), ('attempts')) AS counter (key)
          WHERE legacy.to_count(p_older -> key) > legacy.to_count(p_newer -> key))
    WHEN jsonb_typeof(p_newer) = 'object' THEN
      p_newer || CASE WHEN legacy.entry_done(p_older) THEN '{"completed": true}'::jsonb ELSE '{}' END
    WHEN jsonb_typeof(p_older) = 'object' THEN
      p_older || CASE WHEN legacy.entry_done(p_newer) THEN '{"completed": true}'::jsonb ELSE '{}' END
    WHEN legacy.entry_done(p_older) THEN p_older
    ELSE p_newer
  END
$$;

CREATE OR REPLACE FUNCTION legacy.as_list(p_value JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_value IS NULL THEN '[]' WHEN jsonb_typeof(p_value) = 'array' THEN p_value
              ELSE jsonb_build_array(p_value) END
$$;

-- Merge raw values from rows of one table, such as unreadable ones: a single value, or a list of
-- distinct ones, newest first.
CREATE OR REPLACE FUNCTION legacy.add_raw(p_newer JSONB, p_older JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_newer IS NOT NULL OR p_older IS NOT NULL THEN (
    SELECT CASE count(*) WHEN 1 THEN jsonb_agg(value) -> 0 ELSE jsonb_agg(value ORDER BY place) END
    FROM (
      SELECT value, min(place) AS place FROM jsonb_array_elements(
        legacy.as_list(p_newer) || legacy.as_list(p_older)
      ) WITH ORDINALITY AS listed (value, place)
      GROUP BY value
    ) AS different)
  END
$$;

-- Merge the `_legacy` members of two sessions, table by table.
CREATE OR REPLACE FUNCTION legacy.merge_raw(p_newer JSONB, p_older JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN jsonb_typeof(p_newer) = 'object' AND jsonb_typeof(p_older) = 'object'
    THEN p_older || (
      SELECT coalesce(jsonb_object_agg(key, legacy.add_raw(value, p_older -> key)), '{}')
      FROM jsonb_each(p_newer))
    ELSE legacy.add_raw(p_newer, p_older) END
$$;

-- Return the raw values of one token's rows, newest first, with the exercises of rows that lost a
-- value in the merge.
DROP FUNCTION IF EXISTS legacy.keep_originals(JSONB[], JSONB, JSONB[]);  -- left by earlier versions
CREATE OR REPLACE FUNCTION legacy.add_originals(p_raw JSONB[], p_merged JSONB, p_rows JSONB[])
RETURNS JSONB LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT legacy.add_raw((SELECT jsonb_agg(raw ORDER BY place)
      FROM unnest(p_raw) WITH ORDINALITY AS listed (raw, place)),
    (SELECT jsonb_agg(jsonb_build_object('exercises', exercises) ORDER BY place)
      FROM unnest(p_rows) WITH ORDINALITY AS listed (exercises, place)
      WHERE NOT p_merged @> jsonb_strip_nulls(exercises)))
$$;

-- Merge all exercises of two rows, key by key.
CREATE OR REPLACE FUNCTION legacy.merge_all_keys(p_newer JSONB, p_older JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE AS $$
  SELECT p_older || p_newer || (
    SELECT coalesce(jsonb_object_agg(key, CASE key
      WHEN '_legacy' THEN legacy.merge_raw(p_newer -> key, value)
      ELSE legacy.merge_exercise(p_newer -> key, value) END), '{}')
    FROM jsonb_each(p_older) WHERE p_newer ? key)
$$;

-- Do the same, but faster if a row has no exercises; the planner inlines it, like join_reports.
CREATE OR REPLACE FUNCTION legacy.merge_exercises(p_newer JSONB, p_older JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_older IS NULL OR p_older = 'null' OR p_older = '{}' OR p_older = p_newer THEN p_newer
    WHEN p_newer IS NULL OR p_newer = 'null' OR p_newer = '{}' THEN p_older
    ELSE legacy.merge_all_keys(p_newer, p_older)
  END
$$;

-- Aggregates over the rows of one token, newest first; created once.
DO $$ BEGIN
  IF to_regprocedure('legacy.newest(text)') IS NULL THEN
    CREATE AGGREGATE legacy.newest(TEXT) (SFUNC = legacy.prefer, STYPE = TEXT);
    CREATE AGGREGATE legacy.newest(JSONB) (SFUNC = legacy.prefer, STYPE = JSONB);
    CREATE AGGREGATE legacy.newest(BOOLEAN) (SFUNC = legacy.prefer, STYPE = BOOLEAN);
    CREATE AGGREGATE legacy.all_reports(JSONB) (SFUNC = legacy.join_reports, STYPE = JSONB);
    CREATE AGGREGATE legacy.all_exercises(JSONB) (SFUNC = legacy.merge_exercises, STYPE = JSONB);
  END IF;
END $$;
