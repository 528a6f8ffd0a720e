"""Synchronisation with devices of the live system."""
