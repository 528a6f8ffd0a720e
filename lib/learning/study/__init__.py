"""Syllabus, mastery and past study of a student, read from the database for decisions."""
