"""The runs of a migration: state, pace, findings, and the schema they need."""
