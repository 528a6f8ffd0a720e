"""Erasing a person from every context."""
