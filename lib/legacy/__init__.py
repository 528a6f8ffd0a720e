"""The migration from the legacy tables to the unified schema, and the return of those tables."""
