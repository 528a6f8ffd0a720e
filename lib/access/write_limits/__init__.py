"""Limits on the writes of the public."""
