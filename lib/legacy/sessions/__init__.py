"""From the session tokens of the legacy tables to sessions and their steps."""
