"""Operators' work on the whole installation: schema, backups, key rotation, health."""
