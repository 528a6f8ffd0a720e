-- Failed passwords of operators, and the audit trail of their calls.
-- The script may run repeatedly; the first call of an operator on an empty database also runs it.
-- A lock makes concurrent runs take turns, because IF NOT EXISTS alone does not protect them.

SELECT pg_advisory_xact_lock(hashtextextended('stepwise.access.schema', 0));

CREATE TABLE IF NOT EXISTS public.operator_failures (
  id BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT operator_failures_pkey PRIMARY KEY,
  address_sha256 TEXT NOT NULL,  -- digest of the caller's address or, for IPv6, of its /64 network
  failed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

-- Serves admit_operator(): failures of one address in 15 minutes.
CREATE INDEX IF NOT EXISTS operator_failures_address_idx
  ON public.operator_failures (address_sha256, failed_at);
-- Serves admit_operator(): failures of all addresses in one hour.
CREATE INDEX IF NOT EXISTS operator_failures_time_idx ON public.operator_failures (failed_at);

CREATE TABLE IF NOT EXISTS public.operator_audit (
  id BIGINT CONSTRAINT operator_audit_pkey PRIMARY KEY,  -- without gaps, so that a missing row is noticed
  happened_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  action TEXT NOT NULL,  -- path of the endpoint, or name of a scheduled removal
  outcome TEXT NOT NULL CONSTRAINT operator_audit_outcome_check CHECK (outcome IN (
    'allowed',   -- the password was right; the work began
    'refused',   -- the password was wrong, or the secret of a scheduled call
    'locked',    -- too many failures; refused, whatever the password (one row per address and lock)
    'done',      -- the work ended; facts say whether it was a dry run
    'rejected',  -- the call got a 4xx error, such as for a wrong confirmation or state
    'failed'     -- the work raised another error
  )),
  address_sha256 TEXT,
  facts JSONB NOT NULL DEFAULT '{}',  -- counts and names of tables; never personal data
  previous_sha256 BYTEA,
  entry_sha256 BYTEA NOT NULL
);

CREATE OR REPLACE FUNCTION public.operator_audit_digest(entry public.operator_audit)
RETURNS BYTEA LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(convert_to(concat_ws('|',
    entry.id, extract(epoch FROM entry.happened_at), entry.action, entry.outcome,
    coalesce(entry.address_sha256, ''), entry.facts::TEXT,
    coalesce(encode(entry.previous_sha256, 'hex'), '')), 'UTF8'))
$$;

-- Each row contains the digest of the row before, so a changed or missing row breaks the chain.
CREATE OR REPLACE FUNCTION public.operator_audit_seal() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('stepwise.operator_audit', 0));
  SELECT last.id + 1, last.entry_sha256 INTO NEW.id, NEW.previous_sha256
  FROM public.operator_audit AS last ORDER BY last.id DESC LIMIT 1;
  NEW.id := coalesce(NEW.id, 1);
  NEW.entry_sha256 := public.operator_audit_digest(NEW);
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION public.operator_audit_refuse() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'operator_audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE OR REPLACE TRIGGER operator_audit_seal BEFORE INSERT ON public.operator_audit
  FOR EACH ROW EXECUTE FUNCTION public.operator_audit_seal();
CREATE OR REPLACE TRIGGER operator_audit_append_only BEFORE UPDATE OR DELETE
  ON public.operator_audit FOR EACH ROW EXECUTE FUNCTION public.operator_audit_refuse();
CREATE OR REPLACE TRIGGER operator_audit_no_truncate BEFORE TRUNCATE
  ON public.operator_audit FOR EACH STATEMENT EXECUTE FUNCTION public.operator_audit_refuse();

REVOKE UPDATE, DELETE, TRUNCATE ON public.operator_audit FROM PUBLIC;

-- Return the id of the first row whose digest does not match, null if the chain is intact.
CREATE OR REPLACE FUNCTION public.verify_operator_audit() RETURNS BIGINT LANGUAGE sql STABLE AS $$
  SELECT min(entry.id)
  FROM (
    SELECT audit.*, row_number() OVER in_order AS position, lag(entry_sha256) OVER in_order AS previous
    FROM public.operator_audit AS audit WINDOW in_order AS (ORDER BY id)
  ) AS entry
  JOIN public.operator_audit AS stored ON stored.id = entry.id
  WHERE entry.id <> entry.position
     OR stored.previous_sha256 IS DISTINCT FROM entry.previous
     OR stored.entry_sha256 <> public.operator_audit_digest(stored)
$$;

-- Serves admit_operator(): the rows of current locks.
CREATE INDEX IF NOT EXISTS operator_audit_locked_idx ON public.operator_audit (happened_at)
  WHERE outcome = 'locked';

-- Serves admit_operator(): whether an address was admitted lately.
CREATE INDEX IF NOT EXISTS operator_audit_allowed_idx
  ON public.operator_audit (address_sha256, happened_at) WHERE outcome = 'allowed';
-- Serves record_refused_schedule of sql/access/operators.sql: the refused calls of one hour.
CREATE INDEX IF NOT EXISTS operator_audit_refused_idx ON public.operator_audit (happened_at)
  WHERE outcome = 'refused';

-- Decide on one attempt and record it. Attempts are handled one at a time, so that a burst of
-- guesses gets no more tries than a slow series. Returns null to admit the caller, 0 for a wrong
-- password, else the seconds to wait. A lock adds one row per address to the audit trail, and at
-- most p_global_limit rows per window in total, so that strangers cannot fill the table. Guesses
-- from other addresses do not lock an address that was admitted within p_admitted_window.
CREATE OR REPLACE FUNCTION public.admit_operator(
  p_action TEXT, p_address_sha256 TEXT, p_password_right BOOLEAN,
  p_address_limit INTEGER, p_address_window INTERVAL,
  p_global_limit INTEGER, p_global_window INTERVAL,
  p_admitted_window INTERVAL DEFAULT '0', p_facts JSONB DEFAULT '{}'
) RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE
  at TIMESTAMPTZ;
  locked_at TIMESTAMPTZ;
  unlocked_at TIMESTAMPTZ;
  result INTEGER;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('stepwise.admit_operator', 0));
  at := clock_timestamp();
  SELECT began, until INTO locked_at, unlocked_at FROM (
    SELECT max(failed_at) AS began, min(failed_at) + p_address_window AS until
    FROM (SELECT failed_at FROM public.operator_failures
          WHERE address_sha256 = p_address_sha256 AND failed_at > at - p_address_window
          ORDER BY failed_at DESC LIMIT p_address_limit) AS newest
    HAVING count(*) = p_address_limit
    UNION ALL
    SELECT max(failed_at), min(failed_at) + p_global_window
    FROM (SELECT failed_at FROM public.operator_failures
          WHERE failed_at > at - p_global_window
          ORDER BY failed_at DESC LIMIT p_global_limit) AS newest
    HAVING count(*) = p_global_limit AND NOT EXISTS (
      SELECT FROM public.operator_audit AS admitted
      WHERE admitted.outcome = 'allowed' AND admitted.address_sha256 = p_address_sha256
        AND admitted.happened_at > at - p_admitted_window)
  ) AS locks ORDER BY until DESC LIMIT 1;
  IF unlocked_at IS NOT NULL THEN
    result := greatest(1, ceil(extract(epoch FROM unlocked_at - at)))::INTEGER;
    IF EXISTS (SELECT FROM public.operator_audit WHERE outcome = 'locked'
               AND happened_at > locked_at AND address_sha256 = p_address_sha256)
       OR p_global_limit <= (SELECT count(*) FROM public.operator_audit
         WHERE outcome = 'locked' AND happened_at > at - p_global_window) THEN
      RETURN result;
    END IF;
  ELSIF NOT p_password_right THEN
    INSERT INTO public.operator_failures (address_sha256) VALUES (p_address_sha256);
    DELETE FROM public.operator_failures
    WHERE failed_at < at - 2 * greatest(p_address_window, p_global_window);
    result := 0;
  END IF;
  INSERT INTO public.operator_audit (action, outcome, address_sha256, facts)
  VALUES (p_action, CASE WHEN result IS NULL THEN 'allowed' WHEN result = 0 THEN 'refused'
                         ELSE 'locked' END, p_address_sha256, p_facts);
  RETURN result;
END $$;
