-- Queries of lib/access/.

-- admit_operator --
-- Decide on an attempt to make an operator's call, and record it.
SELECT public.admit_operator(
  %(action)s, %(address_sha256)s, %(password_right)s,
  %(address_limit)s, %(address_window)s, %(global_limit)s, %(global_window)s,
  %(admitted_window)s, %(facts)s
);

-- record_refused_schedule --
-- Record a scheduled call with a wrong secret, unless the window already has as many refused calls
-- as the limit, wrong passwords included, so that strangers cannot fill the table.
INSERT INTO public.operator_audit (action, outcome, address_sha256)
SELECT %(action)s, 'refused', %(address_sha256)s
WHERE %(limit)s > (SELECT count(*) FROM public.operator_audit
  WHERE outcome = 'refused' AND happened_at > clock_timestamp() - %(window)s::INTERVAL);

-- record_audit --
-- Append the outcome of an operator's call to the audit trail.
INSERT INTO public.operator_audit (action, outcome, facts)
VALUES (%(action)s, %(outcome)s, %(facts)s);

-- verify_audit --
-- Return the id of the first row whose digest does not match, null if all match.
SELECT public.verify_operator_audit();

-- newest_entry --
-- Return the id and the digest of the newest entry, the head of the chain.
SELECT id, entry_sha256 FROM public.operator_audit ORDER BY id DESC LIMIT 1;

-- entry_matches --
-- Return whether the entry with this id exists and has this digest.
SELECT EXISTS (
  SELECT FROM public.operator_audit WHERE id = %(id)s AND entry_sha256 = %(entry_sha256)s);

-- audit_page --
-- Return a page of entries, newest first, before the given id (null: the first page), as many as fit in
-- max_bytes, with the number of entries before the page was cut to size. Uses operator_audit_pkey.
SELECT id, happened_at, action, outcome, address, facts, page_rows
FROM (
  SELECT page.*, row_number() OVER in_order AS place, count(*) OVER () AS page_rows,
    sum(200 + octet_length(action) + octet_length(facts::TEXT)) OVER in_order AS bytes
  FROM (
    SELECT id, happened_at, action, outcome, left(address_sha256, 12) AS address,
      CASE WHEN octet_length(facts::TEXT) <= %(max_bytes)s / 8 THEN facts
        ELSE jsonb_build_object('omittedBytes', octet_length(facts::TEXT)) END AS facts
    FROM public.operator_audit
    WHERE id < coalesce(%(before)s::BIGINT, 9223372036854775807)
      AND action = coalesce(%(action)s::TEXT, action)
      AND outcome = coalesce(%(outcome)s::TEXT, outcome)
      AND happened_at >= coalesce(%(since)s::TIMESTAMPTZ, '-infinity')
      AND happened_at < coalesce(%(until)s::TIMESTAMPTZ, 'infinity')
    ORDER BY id DESC LIMIT %(limit)s
  ) AS page
  WINDOW in_order AS (ORDER BY id DESC ROWS UNBOUNDED PRECEDING)
) AS sized
WHERE place = 1 OR bytes <= %(max_bytes)s
ORDER BY id DESC;
