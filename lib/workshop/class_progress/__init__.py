"""The progress of a whole class: its students, step by step."""
