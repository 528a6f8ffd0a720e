-- Queries of lib/access/.

-- admit_operator --
-- Decide on one attempt to operate, and record it.
SELECT public.admit_operator(
  %(action)s, %(address_sha256)s, %(password_right)s,
  %(address_limit)s, %(address_window)s, %(global_limit)s, %(global_window)s
);

-- record_audit --
-- Append the outcome of an operator's call to the audit trail.
INSERT INTO public.operator_audit (action, outcome, facts)
VALUES (%(action)s, %(outcome)s, %(facts)s);

-- verify_audit --
-- Return the id of the first row whose digest does not match, null if all match.
SELECT public.verify_operator_audit();
