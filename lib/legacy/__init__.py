"""The move from the legacy tables to the unified schema, and the way back."""
