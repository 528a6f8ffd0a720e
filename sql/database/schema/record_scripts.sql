-- Remember that these scripts made the schema, so that /health can say when it is behind the code.
INSERT INTO stepwise.script_runs (scripts) VALUES ('{{fingerprint}}')
ON CONFLICT ON CONSTRAINT script_runs_pkey DO UPDATE SET ran_at = now();
