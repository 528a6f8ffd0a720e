"""Rosters: import of students from other systems, and export of their results."""
