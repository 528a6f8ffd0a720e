"""Sessions of students: progress by step, and bug reports."""
