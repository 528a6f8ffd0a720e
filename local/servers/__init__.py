"""Embedded Postgres and Redis: their programs, data folders, secrets and processes."""
