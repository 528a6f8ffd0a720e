"""Whole installations: schema creation, backup and restore, key rotation, health."""
