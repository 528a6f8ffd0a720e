-- Counts of the public's calls that write, and of users' calls; see lib/access/write_limits/. The
-- script may run repeatedly.

CREATE SCHEMA IF NOT EXISTS stepwise;
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.write_counts', 0));

-- Each connection counts in rows of its own, so that no write waits until another one is committed. A
-- crash of the server empties the table; counting then starts from 0.
CREATE UNLOGGED TABLE IF NOT EXISTS stepwise.write_counts (
  key_sha256 BYTEA NOT NULL,  -- digest of the endpoint, the window, and the counted address, holder or user
  backend INTEGER NOT NULL,  -- process of the connection
  writes INTEGER NOT NULL,
  ends_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT write_counts_pkey PRIMARY KEY (key_sha256, backend)
) WITH (fillfactor = 50);

-- Serves count_writes(): the rows whose window has ended.
CREATE INDEX IF NOT EXISTS write_counts_ends_at_idx ON stepwise.write_counts (ends_at);

-- Count writes under each key and refuse them if a key has more than its limit. The message of the
-- error is the position of that key, from 1. Writes of other connections count once they are committed.
CREATE OR REPLACE FUNCTION stepwise.count_writes(
  p_keys BYTEA[], p_writes INTEGER[], p_limits INTEGER[], p_now TIMESTAMPTZ, p_ends_at TIMESTAMPTZ
) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v_exceeded BIGINT;
  v_has_new_row BOOLEAN;
BEGIN
  WITH counted AS (
    INSERT INTO stepwise.write_counts AS c (key_sha256, backend, writes, ends_at)
      SELECT n.key, pg_backend_pid(), n.writes, p_ends_at FROM unnest(p_keys, p_writes) AS n (key, writes)
    ON CONFLICT ON CONSTRAINT write_counts_pkey DO UPDATE SET writes = c.writes + excluded.writes
    RETURNING c.xmax = 0 AS is_new
  )
  SELECT bool_or(is_new) INTO v_has_new_row FROM counted;
  SELECT min(l.position) INTO v_exceeded
    FROM unnest(p_keys, p_limits) WITH ORDINALITY AS l (key, most, position)
    WHERE l.most < (SELECT sum(c.writes) FROM stepwise.write_counts AS c WHERE c.key_sha256 = l.key);
  IF v_exceeded IS NOT NULL THEN
    RAISE EXCEPTION '%', v_exceeded
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'write_limit';
  END IF;
  IF v_has_new_row THEN
    DELETE FROM stepwise.write_counts WHERE ctid IN (
      SELECT ctid FROM stepwise.write_counts WHERE ends_at < p_now LIMIT 100 FOR UPDATE SKIP LOCKED);
  END IF;
END $$;
