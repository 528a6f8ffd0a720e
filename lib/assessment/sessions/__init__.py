"""Sessions of tests: start, submit, end, their snapshot in Redis and their record in Postgres."""
