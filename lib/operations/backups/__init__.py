"""Backups of every context, and their restoration."""
