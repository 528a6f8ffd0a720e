"""Inspection of a database before a migration: its contents, and what would stop the migration."""
