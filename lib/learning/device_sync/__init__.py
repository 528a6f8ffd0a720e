"""Synchronisation with the devices of a student: changes are sent and fetched in one call."""
