-- Queries of lib/access/guard.py and lib/access/audit.py.

-- admit_operator --
-- Decide on one attempt to operate, and record it.
SELECT public.admit_operator(
  %(action)s, %(address_sha256)s, %(password_right)s,
  %(address_limit)s, %(address_window)s, %(global_limit)s, %(global_window)s
);

-- record_audit --
-- Append what an operator's call came to.
INSERT INTO public.operator_audit (action, outcome, facts)
VALUES (%(action)s, %(outcome)s, %(facts)s);

-- verify_audit --
-- First row whose seal is broken, null when none is.
SELECT public.verify_operator_audit();
