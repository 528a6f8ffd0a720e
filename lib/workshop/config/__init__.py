"""The configuration of a session."""
