"""Migration of sessions: from the tokens of the legacy tables to sessions and their steps."""
