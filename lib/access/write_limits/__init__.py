"""Limits on the writes of the public, and on the calls of users."""
