"""The look at a database before a migration: what is there, and what would stand in the way."""
