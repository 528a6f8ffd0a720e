"""Erasure of a person from every context."""
