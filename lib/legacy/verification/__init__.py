"""Checks of a migration over whole tables, and the verdict on it."""
