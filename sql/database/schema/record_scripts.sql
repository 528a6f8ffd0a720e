-- Record that these scripts have run, so that /health can report a schema that is behind the code.
INSERT INTO stepwise.script_runs (scripts) VALUES ('{{fingerprint}}')
ON CONFLICT ON CONSTRAINT script_runs_pkey DO UPDATE SET ran_at = now();
