"""Test sessions: start, submit, end, and their snapshots in Redis."""
